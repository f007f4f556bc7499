/* The checks of spanhook doctor. Each adds findings; none changes anything but a temporary folder of its own. */
#ifndef SPANHOOK_VERBS_DOCTOR_H
#define SPANHOOK_VERBS_DOCTOR_H

#include "verbs/findings.h"

/* Kiro's files, user scope and the working folder's project scope. */
void doctor_check_kiro(struct findings *findings);
/* The MCP servers of the same files: which run behind spanhook, and whether they can. */
void doctor_check_mcp(struct findings *findings);
/* Runs this binary's hook in a temporary state folder: is it silent, does it record, what does it cost? */
void doctor_check_hook(struct findings *findings);
/* State folder, relay and counters. */
void doctor_check_state(struct findings *findings);
/* The clock; `realtime` and `since_boot` were taken together when doctor began. */
void doctor_check_clock(struct findings *findings, uint64_t realtime, uint64_t since_boot);
/* Where spans are sent to, with one TCP connection to it. */
void doctor_check_endpoint(struct findings *findings);

#endif
