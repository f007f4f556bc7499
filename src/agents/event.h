/* Lifecycle events of agents, whatever they are called there. */
#ifndef SPANHOOK_AGENTS_EVENT_H
#define SPANHOOK_AGENTS_EVENT_H

#include "trace/op.h"

/* What kind of op an event makes. Names compare without case, '_' and '-'; an unknown event is a point. */
enum op_kind event_kind(struct slice name);

#endif
