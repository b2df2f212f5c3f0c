/* What tells whether a path changed: stat of many paths in one call, and the entries of a directory. Loaded by
   signatures.py, which has the same layout. */

#define _DEFAULT_SOURCE

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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

static char kind_of(DIR *directory, const struct dirent *entry)
{
    unsigned char type = entry->d_type;
    if (type == DT_UNKNOWN) {
        struct stat info;
        if (fstatat(dirfd(directory), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0)
            type = S_ISDIR(info.st_mode) ? DT_DIR : S_ISLNK(info.st_mode) ? DT_LNK : DT_REG;
    }
    return type == DT_DIR ? 'd' : type == DT_LNK ? 'l' : 'f';
}

/* Write each entry of a directory as a letter for its kind (d, l for a symlink, f for all else), its name and a NUL.
   Returns how many bytes that takes, of which no more than `room` are written, or -errno. */
long long entries(const char *path, char *out, size_t room)
{
    DIR *directory = opendir(path);
    if (directory == NULL)
        return -errno;
    size_t used = 0;
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(directory)) != NULL) {
        const char *name = entry->d_name;
        if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
            continue;
        size_t length = strlen(name) + 1;
        if (used + 1 + length <= room) {
            out[used] = kind_of(directory, entry);
            memcpy(out + used + 1, name, length);
        }
        used += 1 + length;
    }
    long long result = errno ? -(long long)errno : (long long)used;
    closedir(directory);
    return result;
}
