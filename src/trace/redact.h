/* Secrets never reach the disk: known shapes of credentials in free text are replaced before it is recorded. */
#ifndef SPANHOOK_TRACE_REDACT_H
#define SPANHOOK_TRACE_REDACT_H

#include "base/buffer.h"

/* Appends `text` with every secret replaced by "[redacted]"; returns how many. In doubt more is replaced rather than less. Recognised:
 * by their form, AWS access key ids and secret keys, tokens of GitHub, GitLab, Slack, Anthropic, OpenAI, Google, Stripe, npm, PyPI and
 * others, webhooks of Slack, JWTs, PEM private keys (whole or cut off); by what is around them, credentials in URLs, the values of
 * Authorization, X-Api-Key and Cookie headers, what follows Bearer and Basic, the arguments of curl -u and sshpass -p, and what is
 * assigned to a name that ends in password, token, secret, api_key and the like, or given to an option of such a name: values in
 * quotes to the closing one, others to the next blank. Takes time linear in the text. */
unsigned redact_append(struct buffer *out, struct slice text);

/* The preview of a prompt: redacted first, then control characters become blanks, then at most `characters` code points. */
void redact_preview(struct buffer *out, struct slice text, size_t characters);

#endif
