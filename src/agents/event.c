#include "agents/event.h"

static const struct event_name {
    struct slice name; /* lower case, without separators */
    enum op_kind kind;
} event_names[] = {
    {{"agentspawn", 10}, OP_SESSION}, {{"sessionstart", 12}, OP_SESSION},      {{"userpromptsubmit", 16}, OP_PROMPT},
    {{"promptsubmit", 12}, OP_PROMPT}, {{"userpromptsubmitted", 19}, OP_PROMPT}, {{"pretooluse", 10}, OP_START},
    {{"posttooluse", 11}, OP_END},    {{"stop", 4}, OP_STOP},                  {{"agentstop", 9}, OP_STOP},
};

static bool equal_loosely(struct slice given, struct slice name)
{
    size_t matched = 0;
    for (size_t i = 0; i < given.length; i++) {
        char c = given.data[i];
        if (c == '_' || c == '-')
            continue;
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (matched == name.length || c != name.data[matched])
            return false;
        matched++;
    }
    return matched == name.length;
}

enum op_kind event_kind(struct slice name)
{
    for (size_t i = 0; i < sizeof event_names / sizeof *event_names; i++)
        if (equal_loosely(name, event_names[i].name))
            return event_names[i].kind;
    return OP_POINT;
}
