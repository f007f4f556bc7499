#include "store/slots.h"

#include "base/buffer.h"
#include "base/crc32c.h"
#include "store/file.h"

#include <string.h>

#define SEQUENCE_SIZE 16
#define CRC_AT (SLOT_SIZE - 9) /* what the CRC covers ends here */

static bool read_slot(struct slice data, size_t index, struct slot *slot)
{
    const struct slice whole = slice_part(data, index * SLOT_SIZE, SLOT_SIZE);
    uint64_t crc, sequence;

    if (whole.length != SLOT_SIZE || whole.data[SLOT_SIZE - 1] != '\n' || !slice_hex_to_u64(slice_part(whole, CRC_AT, 8), &crc) ||
        crc != crc32c(whole.data, CRC_AT) || !slice_hex_to_u64(slice_part(whole, 0, SEQUENCE_SIZE), &sequence) || sequence == 0 ||
        sequence % 2 != index)
        return false;
    slot->sequence = sequence;
    slot->text = slice_trim(slice_part(whole, SEQUENCE_SIZE, CRC_AT - SEQUENCE_SIZE));
    return true;
}

struct slot slots_find(struct slice data)
{
    struct slot found = {0, {NULL, 0}}, other;
    for (size_t index = 0; index < 2; index++)
        if (read_slot(data, index, &other) && other.sequence > found.sequence)
            found = other;
    return found;
}

bool slots_write(int descriptor, uint64_t sequence, struct slice text)
{
    char storage[SLOT_SIZE];
    struct buffer slot;

    if (sequence == 0 || text.length > SLOT_TEXT_MAX)
        return false;
    buffer_init_fixed(&slot, storage, sizeof storage);
    buffer_append_format(&slot, "%016llx ", (unsigned long long)sequence);
    buffer_append_slice(&slot, text);
    memset(storage + slot.length, ' ', CRC_AT - slot.length);
    slot.length = CRC_AT;
    buffer_append_format(&slot, "%08lx\n", (unsigned long)crc32c(storage, CRC_AT));
    return !slot.failed && file_write_at(descriptor, storage, SLOT_SIZE, sequence % 2 * SLOT_SIZE);
}

bool slot_take_number(struct slice *text, uint64_t *value)
{
    size_t end;
    *text = slice_trim(*text);
    if (!slice_find(*text, SLICE(" "), 0, &end))
        end = text->length;
    if (!slice_to_u64(slice_part(*text, 0, end), value))
        return false;
    *text = slice_part(*text, end, text->length);
    return true;
}
