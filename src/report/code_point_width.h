/* How many columns of a terminal a character takes, by Unicode 14's East_Asian_Width and general categories. */
#ifndef SPANHOOK_REPORT_CODE_POINT_WIDTH_H
#define SPANHOOK_REPORT_CODE_POINT_WIDTH_H

#include <stdbool.h>
#include <stdint.h>

/* 0 for what joins the character before it, 2 for wide ones (CJK, emoji), else 1; control characters are the caller's affair. */
unsigned code_point_width(uint32_t code_point);

#endif
