/* What tells whether a path changed: stat of many paths in one call. Loaded by signatures.py, which has the same
   layout. */

#define _POSIX_C_SOURCE 200809L

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

/* All zero: there is nothing at the path, or it cannot be reached. */
struct signature {
    uint64_t device, inode, mode, size;
    int64_t modified, changed; /* nanoseconds since 1970 */
};

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static struct signature read_signature(const char *path, int follow)
{
    struct signature found = {0};
    struct stat info;
    if ((follow ? stat(path, &info) : lstat(path, &info)) == 0) {
        found.device = info.st_dev;
        found.inode = info.st_ino;
        found.mode = info.st_mode;
        found.size = (uint64_t)info.st_size;
        found.modified = nanoseconds(info.st_mtim);
        found.changed = nanoseconds(info.st_ctim);
    }
    return found;
}

/* `paths` holds `count` texts, each with its NUL. */
void signatures(const char *paths, size_t count, int follow, struct signature *out)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = read_signature(paths, follow);
        paths += strlen(paths) + 1;
    }
}

/* Bring `known` up to date, links not followed; the numbers of the paths that changed go to `changed`, which has room
   for all. Returns how many there are. */
size_t renew(const char *paths, size_t count, struct signature *known, uint32_t *changed)
{
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct signature now = read_signature(paths, 0);
        if (memcmp(&now, &known[i], sizeof now) != 0) {
            known[i] = now;
            changed[found++] = (uint32_t)i;
        }
        paths += strlen(paths) + 1;
    }
    return found;
}
