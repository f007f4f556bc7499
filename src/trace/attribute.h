/* Typed key-value pairs as OTLP has them (common.proto AnyValue, scalars only). Keys and strings are borrowed. */
#ifndef SPANHOOK_TRACE_ATTRIBUTE_H
#define SPANHOOK_TRACE_ATTRIBUTE_H

#include "base/slice.h"

#define ATTRIBUTES_MAX 48

enum attribute_type { ATTRIBUTE_STRING, ATTRIBUTE_INTEGER, ATTRIBUTE_DOUBLE, ATTRIBUTE_BOOLEAN };

struct attribute {
    struct slice key;
    enum attribute_type type;
    union {
        struct slice string;
        int64_t integer;
        double number;
        bool boolean;
    } value;
};

struct attribute_list {
    struct attribute items[ATTRIBUTES_MAX];
    unsigned count;
    unsigned dropped; /* what did not fit; becomes droppedAttributesCount */
};

/* Each setter replaces the value of an equal key, else appends; a full list counts in `dropped`. */
void attribute_set_string(struct attribute_list *list, const char *key, struct slice value);
void attribute_set_integer(struct attribute_list *list, const char *key, int64_t value);
void attribute_set_double(struct attribute_list *list, const char *key, double value);
void attribute_set_boolean(struct attribute_list *list, const char *key, bool value);
void attribute_set(struct attribute_list *list, const struct attribute *attribute);
/* NULL if there is none of that key. */
const struct attribute *attribute_find(const struct attribute_list *list, const char *key);
/* The string value under key, or the empty slice. */
struct slice attribute_string(const struct attribute_list *list, const char *key);
/* The integer value under key, or `otherwise`. */
int64_t attribute_integer(const struct attribute_list *list, const char *key, int64_t otherwise);

#endif
