#include "shim/watch.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/inotify.h>

void watch_open(struct watch *watch, const char *folder)
{
    watch->descriptor = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (watch->descriptor >= 0 && inotify_add_watch(watch->descriptor, folder, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR) < 0)
        watch_close(watch);
}

bool watch_file(struct watch *watch, const char *folder, const char *name)
{
    char path[PATH_MAX];
    const int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (watch->descriptor < 0 || length < 0 || length >= (int)sizeof path)
        return false;
    return inotify_add_watch(watch->descriptor, path, IN_MODIFY | IN_DONT_FOLLOW) >= 0;
}
#else

void watch_open(struct watch *watch, const char *folder)
{
    (void)folder;
    watch->descriptor = -1;
}

bool watch_file(struct watch *watch, const char *folder, const char *name)
{
    (void)watch, (void)folder, (void)name;
    return false;
}
#endif

void watch_close(struct watch *watch)
{
    if (watch->descriptor >= 0)
        close(watch->descriptor);
    watch->descriptor = -1;
}

bool watch_drain(struct watch *watch)
{
    char news[4096];
    bool some = false;
    while (watch->descriptor >= 0 && read(watch->descriptor, news, sizeof news) > 0)
        some = true;
    return some;
}
