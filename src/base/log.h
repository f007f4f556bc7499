/* spanhook's own log: what it could not do, for the one who looks. It never speaks on stdout or stderr.
 *
 * A line is "2025-01-31T12:00:00Z PID message", at most LOG_LINE_MAX bytes with its newline, written by one append. Control and
 * bidirectional characters and malformed UTF-8 become '?'. The same format goes out at most once a minute per process, and at most
 * LOG_LINES_PER_MINUTE lines in all; what was left out is told at the end of the next line. A file that would pass LOG_FILE_MAX is
 * renamed to NAME.1 (one generation) and begun anew, so both together stay below twice that. Not for threads. */
#ifndef SPANHOOK_BASE_LOG_H
#define SPANHOOK_BASE_LOG_H

#define LOG_LINE_MAX 1024
#define LOG_LINES_PER_MINUTE 60
#define LOG_FILE_MAX (1024 * 1024)
#define LOG_NAME_MAX 60

/* From now on to the file `name` (0600, created when the first line comes, never through a symlink) in that folder; the descriptor stays
 * the caller's and must stay open. A negative folder_fd (but AT_FDCWD), or a name longer than LOG_NAME_MAX: no log. Forgets the limits. */
void log_to(int folder_fd, const char *name);
/* Does nothing before log_to; fails silently; keeps errno. */
void log_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
