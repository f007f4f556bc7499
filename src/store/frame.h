/* The op log's record frame:  "\n" "S1 " length:8hex " " crc32c:8hex " " payload "\n"
 * A payload has no raw newline, so a frame can only begin where one stands; a torn frame costs itself and nothing else. */
#ifndef SPANHOOK_STORE_FRAME_H
#define SPANHOOK_STORE_FRAME_H

#include "base/buffer.h"

#define FRAME_HEADER_SIZE 22 /* "\nS1 xxxxxxxx xxxxxxxx " */
#define FRAME_PAYLOAD_MAX (256 * 1024)
#define FRAME_SIZE_MAX (FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX + 1)
#define FRAME_START "\nS1 " /* what every later frame begins with */

/* Appends one frame. False if the payload is empty, too long, holds a newline, or the buffer failed. */
bool frame_append(struct buffer *out, struct slice payload);

enum frame_result {
    FRAME_RECORD,  /* *payload is valid, *next is after it */
    FRAME_PARTIAL, /* nothing whole from here on: more may come. *next is where to go on, less than FRAME_SIZE_MAX from the end */
    FRAME_BAD,     /* damage, or a torn frame, was passed over; *next is where to go on */
    FRAME_UNKNOWN  /* a frame of a later version was passed over; left to whoever knows it */
};
/* Looks at data[from…]. `data` is everything that could be read. Except for PARTIAL, from < *next <= data.length. A frame may lack its
 * leading newline at `from`: the frame before, torn just before its last byte, has then used it up. Linear in what is passed over. */
enum frame_result frame_next(struct slice data, size_t from, struct slice *payload, size_t *next);

#endif
