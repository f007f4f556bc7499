#include "trace/attribute.h"

void attribute_set(struct attribute_list *list, const struct attribute *attribute)
{
    for (unsigned i = 0; i < list->count; i++) {
        if (slice_equal(list->items[i].key, attribute->key)) {
            list->items[i] = *attribute;
            return;
        }
    }
    if (list->count == ATTRIBUTES_MAX) {
        list->dropped++;
        return;
    }
    list->items[list->count++] = *attribute;
}

void attribute_set_string(struct attribute_list *list, const char *key, struct slice value)
{
    attribute_set(list, &(struct attribute){.key = slice_of(key), .type = ATTRIBUTE_STRING, .value.string = value});
}

void attribute_set_integer(struct attribute_list *list, const char *key, int64_t value)
{
    attribute_set(list, &(struct attribute){.key = slice_of(key), .type = ATTRIBUTE_INTEGER, .value.integer = value});
}

void attribute_set_double(struct attribute_list *list, const char *key, double value)
{
    attribute_set(list, &(struct attribute){.key = slice_of(key), .type = ATTRIBUTE_DOUBLE, .value.number = value});
}

void attribute_set_boolean(struct attribute_list *list, const char *key, bool value)
{
    attribute_set(list, &(struct attribute){.key = slice_of(key), .type = ATTRIBUTE_BOOLEAN, .value.boolean = value});
}

const struct attribute *attribute_find(const struct attribute_list *list, const char *key)
{
    const struct slice wanted = slice_of(key);
    for (unsigned i = 0; i < list->count; i++)
        if (slice_equal(list->items[i].key, wanted))
            return &list->items[i];
    return NULL;
}

struct slice attribute_string(const struct attribute_list *list, const char *key)
{
    const struct attribute *found = attribute_find(list, key);
    return found && found->type == ATTRIBUTE_STRING ? found->value.string : (struct slice){NULL, 0};
}

int64_t attribute_integer(const struct attribute_list *list, const char *key, int64_t otherwise)
{
    const struct attribute *found = attribute_find(list, key);
    return found && found->type == ATTRIBUTE_INTEGER ? found->value.integer : otherwise;
}
