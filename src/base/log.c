#include "base/log.h"

#include "base/clock.h"
#include "base/harmless.h"
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KNOWN_FORMATS = 32, MINUTE_SECONDS = 60 };

static struct {
    int folder_fd;
    char name[LOG_NAME_MAX + 1]; /* "": no log */
    struct known_format {
        uint64_t hash; /* of the format's text: one format may stand at two addresses */
        uint64_t last; /* clock_since_boot; 0: free */
    } known[KNOWN_FORMATS];
    uint64_t window_start;
    unsigned window_lines;
    uint64_t left_out;
} logger;

void log_to(int folder_fd, const char *name)
{
    memset(&logger, 0, sizeof logger);
    const struct slice text = slice_of(name);
    if ((folder_fd < 0 && folder_fd != AT_FDCWD) || text.length > LOG_NAME_MAX)
        return;
    logger.folder_fd = folder_fd;
    if (text.length > 0)
        memcpy(logger.name, text.data, text.length);
}

/* Limits */

static bool within_a_minute(uint64_t then, uint64_t now)
{
    return now - then < MINUTE_SECONDS * NANOSECONDS_PER_SECOND;
}

/* The entry of that format, or else the one whose last use is longest ago. */
static struct known_format *find_format(uint64_t hash)
{
    struct known_format *oldest = &logger.known[0];
    for (size_t i = 0; i < KNOWN_FORMATS; i++) {
        struct known_format *known = &logger.known[i];
        if (known->last != 0 && known->hash == hash)
            return known;
        if (known->last < oldest->last)
            oldest = known;
    }
    return oldest;
}

static bool is_allowed(const char *format, uint64_t now)
{
    const uint64_t hash = fnv1a(FNV1A_START, slice_of(format));
    struct known_format *known = find_format(hash);
    if (known->last != 0 && known->hash == hash && within_a_minute(known->last, now))
        return false;
    if (!within_a_minute(logger.window_start, now)) {
        logger.window_start = now;
        logger.window_lines = 0;
    }
    if (logger.window_lines >= LOG_LINES_PER_MINUTE)
        return false;
    logger.window_lines++;
    *known = (struct known_format){hash, now};
    return true;
}

/* The line */

static void compose(struct buffer *line, struct slice message)
{
    char time_text[21], ending_text[64];
    struct buffer ending;
    clock_format_utc(clock_realtime(), time_text);
    buffer_append_text(line, time_text);
    buffer_append_byte(line, ' ');
    buffer_append_i64(line, getpid());
    buffer_append_byte(line, ' ');
    buffer_init_fixed(&ending, ending_text, sizeof ending_text);
    if (logger.left_out > 0) {
        buffer_append_text(&ending, " (");
        buffer_append_u64(&ending, logger.left_out);
        buffer_append_text(&ending, " lines left out before)");
    }
    buffer_append_byte(&ending, '\n');
    harmless_append(line, message, LOG_LINE_MAX - line->length - ending.length);
    buffer_append_slice(line, buffer_slice(&ending));
}

/* The file */

static int open_log(struct stat *status)
{
    const int flags = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    const int fd = openat(logger.folder_fd, logger.name, flags, 0600);
    if (fd >= 0 && (fstat(fd, status) != 0 || !S_ISREG(status->st_mode) || status->st_uid != geteuid())) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool is_full(const struct stat *status, size_t more)
{
    return status->st_size > (off_t)(LOG_FILE_MAX - more);
}

/* Of several processes that find the file full only one may rename it, or the new file would replace the old one at once: under a
 * lock of the full file, and only while the name still means it. False: another process is about it. */
static bool start_over(int fd, const struct stat *full)
{
    char old_name[LOG_NAME_MAX + 3];
    struct stat named;
    const int length = snprintf(old_name, sizeof old_name, "%s.1", logger.name);
    if (length < 0 || (size_t)length >= sizeof old_name || flock(fd, LOCK_EX | LOCK_NB) != 0)
        return false;
    if (fstatat(logger.folder_fd, logger.name, &named, AT_SYMLINK_NOFOLLOW) == 0 && named.st_dev == full->st_dev &&
        named.st_ino == full->st_ino)
        renameat(logger.folder_fd, logger.name, logger.folder_fd, old_name);
    return true;
}

static bool append_line(struct slice line)
{
    struct stat status;
    int fd = open_log(&status);
    /* While another process renames it, this line still goes into the old one. */
    if (fd >= 0 && is_full(&status, line.length) && start_over(fd, &status)) {
        close(fd);
        fd = open_log(&status);
        if (fd >= 0 && is_full(&status, line.length)) {
            close(fd);
            return false;
        }
    }
    if (fd < 0)
        return false;
    const ssize_t written = write(fd, line.data, line.length);
    close(fd);
    return written == (ssize_t)line.length;
}

void log_line(const char *format, ...)
{
    if (logger.name[0] == '\0')
        return;
    const int reason = errno;
    if (!is_allowed(format, clock_since_boot())) {
        logger.left_out++;
        errno = reason;
        return;
    }
    char message[LOG_LINE_MAX], storage[LOG_LINE_MAX];
    struct buffer line;
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    buffer_init_fixed(&line, storage, sizeof storage);
    if (length >= 0) {
        compose(&line, slice_of(message));
        logger.left_out = append_line(buffer_slice(&line)) ? 0 : logger.left_out + 1;
    }
    errno = reason;
}
