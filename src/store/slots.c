#include "store/slots.h"

#include "base/crc32c.h"
#include "base/slice.h"
#include "store/state.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* "<sequence:16 hex> <text, padded> <crc:8 hex>\n" */
#define TEXT_AT 17
#define CRC_AT (TEXT_AT + SLOT_TEXT_MAX)
#define SLOT_SIZE (CRC_AT + 8 + 1)

const unsigned slots_size = 2 * SLOT_SIZE;

static bool read_slot(struct slice slot, char text[static SLOT_TEXT_MAX], uint64_t *sequence)
{
    uint64_t checksum;
    if (slot.length != SLOT_SIZE || slot.data[SLOT_SIZE - 1] != '\n' || !slice_hex_to_u64(slice_part(slot, CRC_AT, 8), &checksum) ||
        crc32c(slot.data, CRC_AT) != checksum || !slice_hex_to_u64(slice_part(slot, 0, 16), sequence))
        return false;
    const struct slice padded = slice_trim(slice_part(slot, TEXT_AT, SLOT_TEXT_MAX - 1));
    memcpy(text, padded.data, padded.length);
    text[padded.length] = '\0';
    return true;
}

bool slots_read(int folder, const char *name, char text[static SLOT_TEXT_MAX], uint64_t *sequence)
{
    char data[2 * SLOT_SIZE], other_text[SLOT_TEXT_MAX];
    uint64_t other;
    const int file = state_open_file(folder, name, O_RDONLY);
    const ssize_t length = file >= 0 ? pread(file, data, sizeof data, 0) : -1;

    if (file >= 0)
        close(file);
    if (length <= 0)
        return false;
    const struct slice whole = {data, (size_t)length};
    const bool first = read_slot(slice_part(whole, 0, SLOT_SIZE), text, sequence);
    const bool second = read_slot(slice_part(whole, SLOT_SIZE, SLOT_SIZE), other_text, &other);
    if (second && (!first || other > *sequence)) {
        memcpy(text, other_text, SLOT_TEXT_MAX);
        *sequence = other;
    }
    return first || second;
}

bool slots_write(int folder, const char *name, const char *text, uint64_t *sequence, const char *extra)
{
    char slot[SLOT_SIZE + 1];
    const uint64_t next = *sequence + 1;

    if (strlen(text) >= SLOT_TEXT_MAX)
        return false;
    snprintf(slot, sizeof slot, "%016" PRIx64 " %-*s", next, SLOT_TEXT_MAX, text);
    snprintf(slot + CRC_AT, sizeof slot - CRC_AT, "%08x\n", (unsigned)crc32c(slot, CRC_AT));
    const int file = state_open_file(folder, name, O_RDWR | O_CREAT);
    if (file < 0)
        return false;
    bool written = pwrite(file, slot, SLOT_SIZE, next % 2 ? 0 : SLOT_SIZE) == SLOT_SIZE;
    if (written) {
        *sequence = next;
        /* Only for people: what does not fit on the disk is left out. */
        if (extra && (ftruncate(file, 2 * SLOT_SIZE) != 0 || pwrite(file, extra, strlen(extra), 2 * SLOT_SIZE) < 0))
            written = true;
    }
    close(file);
    return written;
}
