#include "trace/session_id.h"

#include "base/hash.h"
#include "base/utf8.h"

struct slice session_id_append(struct buffer *out, struct slice id)
{
    uint8_t digest[SHA256_SIZE];
    const size_t at = out->length;
    utf8_append_repaired(out, id);
    const struct slice whole = {out->data + at, out->length - at};
    if (out->failed || whole.length <= OP_SESSION_ID_MAX)
        return whole;
    hash_sha256(whole, digest);
    size_t head = OP_SESSION_ID_MAX - 2 * sizeof digest - 1;
    while (head > 0 && ((unsigned char)whole.data[head] & 0xc0) == 0x80)
        head--;
    out->length = at + head;
    buffer_append_byte(out, '-');
    buffer_append_hex(out, digest, sizeof digest);
    return (struct slice){out->data + at, out->length - at};
}
