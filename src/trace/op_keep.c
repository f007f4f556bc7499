#include "trace/op_keep.h"

#include <stdlib.h>
#include <string.h>

#define TEXTS 8

/* The strings of an op that are kept. */
static size_t list_texts(struct op *op, struct slice *parts[static TEXTS + 2 * ATTRIBUTES_MAX])
{
    struct slice *const texts[TEXTS] = {&op->event, &op->tool, &op->call_id, &op->skill, &op->trace, &op->parent, &op->link, &op->message};
    size_t count = 0;
    for (; count < TEXTS; count++)
        parts[count] = texts[count];
    for (unsigned i = 0; i < op->attributes.count; i++) {
        parts[count++] = &op->attributes.items[i].key;
        if (op->attributes.items[i].type == ATTRIBUTE_STRING)
            parts[count++] = &op->attributes.items[i].value.string;
    }
    return count;
}

bool op_keep(const struct op *op, struct op_kept *kept)
{
    struct slice *parts[TEXTS + 2 * ATTRIBUTES_MAX];
    struct buffer text;
    size_t size = 1;

    kept->op = *op;
    /* These belong to the session and are kept there. */
    kept->op.session_id = kept->op.agent = kept->op.service_name = kept->op.resource_attributes = (struct slice){NULL, 0};
    const size_t count = list_texts(&kept->op, parts);
    for (size_t i = 0; i < count; i++)
        size += parts[i]->length;
    kept->text = malloc(size);
    if (!kept->text) {
        memset(kept, 0, sizeof *kept);
        return false;
    }
    buffer_init_fixed(&text, kept->text, size);
    for (size_t i = 0; i < count; i++) {
        const size_t at = text.length;
        buffer_append_slice(&text, *parts[i]);
        parts[i]->data = kept->text + at;
    }
    return true;
}

void op_kept_free(struct op_kept *kept)
{
    free(kept->text);
    kept->text = NULL;
}
