/* Secrets never reach the disk: known shapes of credentials in free text are replaced before it is recorded. */
#ifndef SPANHOOK_TRACE_REDACT_H
#define SPANHOOK_TRACE_REDACT_H

#include "base/buffer.h"

/* Appends `text` with every secret replaced by "[redacted]". Recognised: AWS access key ids and secret keys by name, tokens of
 * GitHub, GitLab, Slack, Anthropic, OpenAI, Google, Stripe, npm, PyPI; JWTs; PEM private keys (whole or cut off); Authorization
 * and Bearer values; passwords in URLs; values after password=, secret:, token=, api_key and the like. Returns how many. */
unsigned redact_append(struct buffer *out, struct slice text);

/* The preview of a prompt: redacted first, then control characters become blanks, then at most `characters` code points. */
void redact_preview(struct buffer *out, struct slice text, size_t characters);

#endif
