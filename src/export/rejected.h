/* What a destination refused for good: a copy for people to look at, in the rejected folder of the state.
 *
 * NNNNNNNN.jsonl hold the lines as they stand in the archive, readable by any OTLP tool; reasons.log has one line for each refusal. Files
 * are closed at REJECTED_FILE_BYTES; the oldest is removed before the folder would pass REJECTED_BYTES_MAX. The spans stay in the archive
 * as well, for as long as its bounds let them; so a copy that cannot be written (full disk) is no loss and stops nothing. */
#ifndef SPANHOOK_EXPORT_REJECTED_H
#define SPANHOOK_EXPORT_REJECTED_H

#include "base/slice.h"

#define REJECTED_FILE_BYTES (512UL * 1024)
#define REJECTED_REASONS_BYTES (64L * 1024) /* reasons.log starts again beyond this */

/* Keeps `lines` (each ended by '\n') and notes why. `limit`: bytes of the whole folder, the log apart. False if they could not be
 * written. */
bool rejected_keep(int rejected_folder, struct slice lines, uint64_t limit, const char *reason);
/* Only the note. */
bool rejected_note(int rejected_folder, const char *text);

#endif
