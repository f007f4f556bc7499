/* Waiting for files of a folder to change: by inotify on Linux; elsewhere, and where there is none to be had, one looks every now and
 * then. */
#ifndef SPANHOOK_SHIM_WATCH_H
#define SPANHOOK_SHIM_WATCH_H

#include <stdbool.h>

#define WATCH_LOOK_MS 250

struct watch {
    int descriptor; /* readable when something has changed; -1: look every WATCH_LOOK_MS */
};

/* The creation of files in `folder` is watched. */
void watch_open(struct watch *watch, const char *folder);
void watch_close(struct watch *watch);
/* Watches a file of the folder for changes, too. True if it is watched. */
bool watch_file(struct watch *watch, const char *folder, const char *name);
/* Takes the news, which are not told apart. False: there were none, or nobody can know. */
bool watch_drain(struct watch *watch);

#endif
