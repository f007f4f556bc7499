/* Plays a corpus to a fuzz target without libFuzzer: each file whole and, where it is short, cut at every byte. The bytes lie in an
 * allocation of exactly their length, so that AddressSanitizer sees the first byte read past them. Prints, last, "N passed, N failed"; a
 * file that kills the program has its name printed before. */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (4 * 1024 * 1024)
#define CUT_MAX 1024 /* longer files are only played whole */

static void play(const uint8_t *bytes, size_t length)
{
    uint8_t *exact = malloc(length ? length : 1);
    if (!exact)
        abort();
    memcpy(exact, bytes, length);
    LLVMFuzzerTestOneInput(exact, length);
    free(exact);
}

static bool play_file(const char *path, uint8_t *room)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    const size_t length = fread(room, 1, FILE_MAX, file);
    const bool whole = !ferror(file) && feof(file);
    fclose(file);
    if (!whole)
        return false;
    play(room, length);
    if (length <= CUT_MAX)
        for (size_t cut = 0; cut < length; cut++)
            play(room, cut);
    return true;
}

int main(int argc, char **argv)
{
    static uint8_t room[FILE_MAX];
    unsigned passed = 0, failed = 0;
    DIR *folder = argc == 2 ? opendir(argv[1]) : NULL;
    if (!folder) {
        printf("usage: %s CORPUS-FOLDER\n", argv[0]);
        return 2;
    }
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        const int length = snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        printf("%s\n", entry->d_name);
        fflush(stdout);
        if (length > 0 && (size_t)length < sizeof path && play_file(path, room)) {
            passed++;
        } else {
            printf("%s cannot be read, or is too long\n", path);
            failed++;
        }
    }
    closedir(folder);
    if (passed + failed == 0) {
        printf("%s is empty\n", argv[1]);
        failed++;
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
