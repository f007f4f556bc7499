/* A hook's whole way without its files: payload, scan, reader, op, record, op again, spans. Whatever comes in, what would be written is
 * a valid record without raw control characters, small enough, the same after reading it back, and holds no more than a preview. */
#include "fuzz/fuzz.h"

#include "agents/kiro.h"
#include "base/json.h"
#include "trace/fold.h"
#include "trace/names.h"

#include <stdlib.h>
#include <string.h>

enum { TOKENS_MAX = 32768 };

static char copy_storage[JSON_SCAN_COPY_MAX], text_storage[KIRO_TEXT_SIZE], record_storage[OP_SIZE_MAX], again_storage[OP_SIZE_MAX];
static jsmntok_t tokens[TOKENS_MAX], op_tokens[OP_TOKENS_MAX];

static void require(bool condition)
{
    if (!condition)
        abort();
}

static bool check_span(void *context, const struct resource *resource, const struct span *span)
{
    unsigned *count = context;
    ++*count;
    require(span->end >= span->start && span->name.length > 0 && strlen(span->trace_id) == TRACE_ID_HEX);
    require(strlen(span->span_id) == SPAN_ID_HEX && attribute_find(&resource->attributes, NAME_SERVICE_NAME));
    return true;
}

static void check_op(struct op *op)
{
    struct buffer record, again, text;
    struct op decoded;
    unsigned spans = 0;

    memcpy(op->id, "00000000000000ab", SPAN_ID_HEX + 1);
    op->time = UINT64_C(1790000000000000000);
    buffer_init_fixed(&record, record_storage, sizeof record_storage);
    buffer_init_fixed(&again, again_storage, sizeof again_storage);
    require(op_encode(op, &record));
    for (size_t i = 0; i < record.length; i++)
        require((unsigned char)record.data[i] >= 0x20);
    require(op->session_id.length > 0 && op->session_id.length <= OP_SESSION_ID_MAX && op->tool.length <= OP_TOOL_NAME_MAX);

    buffer_init(&text, 4 * (size_t)OP_SIZE_MAX);
    require(op_decode(buffer_slice(&record), &decoded, &text, op_tokens));
    require(op_encode(&decoded, &again));
    require(slice_equal(buffer_slice(&record), buffer_slice(&again)));

    struct fold *fold = fold_new((struct fold_options){.root_once = false});
    require(fold != NULL);
    require(fold_apply(fold, &decoded, check_span, &spans) && fold_open_spans(fold, op->time + 1, check_span, &spans));
    require(spans > 0);
    fold_free(fold);
    buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct kiro_options options = {.prompt_chars = 200};
    static struct json_scan scan;
    static struct op op;
    struct buffer copy, text;
    struct json document;

    buffer_init_fixed(&copy, copy_storage, sizeof copy_storage);
    json_scan_init(&scan, &copy);
    json_scan_feed(&scan, (struct slice){(const char *)data, size});
    if (json_scan_end(&scan) != JSON_SCAN_DONE || !json_parse_copy(&document, buffer_slice(&copy), tokens, TOKENS_MAX) ||
        json_type(&document, 0) != JSON_OBJECT)
        return 0;

    memset(&op, 0, sizeof op);
    buffer_init_fixed(&text, text_storage, sizeof text_storage);
    require(kiro_op(&document, &scan, &options, &op, &text));
    require(!text.failed);
    check_op(&op);

    memset(&op, 0, sizeof op);
    buffer_init_fixed(&text, text_storage, sizeof text_storage);
    if (kiro_op_of_user_prompt(&document, &scan, &options, &op, &text))
        check_op(&op);
    return 0;
}
