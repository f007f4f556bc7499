#include "base/clock.h"
#include "store/counters.h"
#include "store/lock.h"
#include "store/state.h"
#include "verbs/doctor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/vfs.h>
#endif

#define FREE_BYTES_LEAST (32ULL * 1024 * 1024)
#define YEAR_LEAST 20200101U
#define YEAR_MOST 21000101U
#define CLOCK_STEP_MOST (100 * NANOSECONDS_PER_MILLISECOND)

/* Kinds of file systems on which locks, appends or durability are not what a local disk gives (linux/magic.h). */
#ifdef __linux__
static const struct {
    unsigned long magic;
    const char *name, *why;
} doubtful[] = {
    {0x6969, "NFS", "locks and appends of several machines can interfere"},
    {0x517b, "SMB", "locks and appends of several machines can interfere"},
    {0xff534d42, "CIFS", "locks and appends of several machines can interfere"},
    {0xfe534d42, "SMB2", "locks and appends of several machines can interfere"},
    {0x01021997, "9p", "a folder of the host: slow, and locks may not hold"},
    {0x786f4256, "vboxsf", "a folder of the host: slow, and locks may not hold"},
    {0x0bd00bd0, "Lustre", "locks may be switched off"},
    {0x00c36400, "Ceph", "slow for small appends"},
    {0x5346414f, "AFS", "appends become visible at close only"},
    {0x01021994, "tmpfs", "what is recorded is gone after a restart"},
    {0x858458f6, "ramfs", "what is recorded is gone after a restart"},
};

static void check_file_system(struct findings *findings, const char *path)
{
    struct statfs found;
    if (statfs(path, &found) != 0)
        return;
    for (size_t i = 0; i < sizeof(doubtful) / sizeof(doubtful[0]); i++) {
        if (((unsigned long)found.f_type & 0xffffffffUL) == doubtful[i].magic) {
            findings_add(findings, "state.file_system", FINDING_WARN, "export SPANHOOK_HOME=/a/folder/on/a/local/disk", "%s is on %s: %s",
                         path,
                         doubtful[i].name, doubtful[i].why);
            return;
        }
    }
    findings_add(findings, "state.file_system", FINDING_PASS, NULL, "a local file system");
}
#else
static void check_file_system(struct findings *findings, const char *path)
{
    (void)findings;
    (void)path;
}
#endif

static void check_space(struct findings *findings, const char *path)
{
    struct statvfs found;
    if (statvfs(path, &found) != 0)
        return;
    const uint64_t block = found.f_frsize ? found.f_frsize : found.f_bsize;
    const uint64_t blocks = found.f_bavail;
    const uint64_t mebibytes = blocks > UINT64_MAX / (block ? block : 1) ? UINT64_MAX >> 20 : blocks * block >> 20;
    if (mebibytes < FREE_BYTES_LEAST >> 20)
        findings_add(findings, "state.space", FINDING_WARN, "make room, or: export SPANHOOK_HOME=/a/folder/elsewhere",
                     "only %llu MiB are free where %s lies",
                     (unsigned long long)mebibytes, path);
    else
        findings_add(findings, "state.space", FINDING_PASS, NULL, "%llu MiB free", (unsigned long long)mebibytes);
}

static void check_relay(struct findings *findings, int ops_folder)
{
    switch (relay_lock_look(ops_folder)) {
    case LOCK_HELD:
        findings_add(findings, "relay", FINDING_PASS, NULL, "running");
        break;
    case LOCK_FREE:
        findings_add(findings, "relay", FINDING_PASS, NULL, "not running; the next hook starts it");
        break;
    case LOCK_FRESH:
        findings_add(findings, "relay", FINDING_INFO, NULL, "started less than a second ago and not there yet");
        break;
    case LOCK_UNKNOWN:
        findings_add(findings, "relay", FINDING_WARN, "spanhook flush", "its lock cannot be looked at, so it may not start");
        break;
    }
}

static void check_drops(struct findings *findings, int ops_folder)
{
    uint64_t values[COUNTER_COUNT];
    char list[600] = "";
    size_t used = 0;
    (void)counters_read(ops_folder, values);
    for (int i = 0; i < COUNTER_COUNT; i++) {
        const char *name = counter_name((enum counter)i);
        if (values[i] == 0 || (strncmp(name, "dropped_", 8) != 0 && i != COUNTER_SPANS_REJECTED))
            continue;
        const int length = snprintf(list + used, sizeof(list) - used, "%s%s %llu (%s)", used ? ", " : "", name,
                                    (unsigned long long)values[i],
                                    counter_help((enum counter)i));
        if (length < 0 || (size_t)length >= sizeof(list) - used)
            break;
        used += (size_t)length;
    }
    if (used)
        findings_add(findings, "drops", FINDING_WARN, "spanhook status", "%s", list);
    else
        findings_add(findings, "drops", FINDING_PASS, NULL, "nothing was dropped");
}

void doctor_check_state(struct findings *findings)
{
    struct state state;
    struct stat found;
    struct error error;
    char fix[PATH_MAX + 32];
    if (!state_locate(&state, &error)) {
        findings_add(findings, "state.folder", FINDING_FAIL, "export SPANHOOK_HOME=/an/absolute/folder", "%s", error.text);
        return;
    }
    if (lstat(state.path, &found) != 0 && errno == ENOENT) {
        findings_add(findings, "state.folder", FINDING_INFO, NULL, "%s is not there yet; the first hook makes it", state.path);
        return;
    }
    (void)snprintf(fix, sizeof(fix), "chmod 700 '%s'", state.path);
    if (!state_open(&state, false, &error)) {
        findings_add(findings, "state.folder", FINDING_FAIL, fix, "%s", error.text);
        return;
    }
    if (access(state.path, W_OK) != 0)
        findings_add(findings, "state.folder", FINDING_FAIL, fix, "%s cannot be written: %s", state.path, strerror(errno));
    else if (lstat(state.path, &found) == 0 && (found.st_mode & 077) != 0)
        findings_add(findings, "state.folder", FINDING_WARN, fix, "%s can be read by others (mode %03o)", state.path,
                     (unsigned)(found.st_mode & 0777));
    else
        findings_add(findings, "state.folder", FINDING_PASS, NULL, "%s is yours alone and writable", state.path);
    check_space(findings, state.path);
    check_file_system(findings, state.path);
    check_relay(findings, state.folders[STATE_OPS]);
    check_drops(findings, state.folders[STATE_OPS]);
    state_close(&state);
}

void doctor_check_clock(struct findings *findings, uint64_t realtime, uint64_t since_boot)
{
    const char *const fix = "timedatectl set-ntp true";
    const uint64_t now = clock_realtime(), up = clock_since_boot();
    const uint32_t date = clock_utc_date(now);
    char text[21];
    clock_format_utc(now, text);
    if (now == 0 || date < YEAR_LEAST || date >= YEAR_MOST) {
        findings_add(findings, "clock", FINDING_FAIL, fix, "it says %s, which cannot be; traces would carry that time", text);
        return;
    }
    /* both clocks measured the same stretch of time: how far apart are they? */
    const uint64_t real_passed = now - realtime, boot_passed = up - since_boot;
    const uint64_t apart = now < realtime ? UINT64_MAX : real_passed > boot_passed ? real_passed - boot_passed : boot_passed - real_passed;
    if (realtime == 0 || apart > CLOCK_STEP_MOST)
        findings_add(findings, "clock", FINDING_WARN, fix, "it was set while doctor ran; durations measured meanwhile are wrong");
    else
        findings_add(findings, "clock", FINDING_PASS, NULL, "%s, %.1f hours after the start of the machine", text,
                     (double)up / (double)NANOSECONDS_PER_SECOND / 3600);
}
