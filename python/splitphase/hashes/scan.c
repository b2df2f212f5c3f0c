// The scanner: finds where data and one of a few known texts run alongside each other.
//
// Python decides what the texts are and what a find means. Here every aligned 4-byte word of the data is looked up in
// a bitmap that stays in the first-level cache, then in an exact table of 4-byte pieces of the texts, and a find is
// extended to both sides as far as data and text agree. Forms of a text (case, byte order, UTF-16, ...) are simply
// further texts, so their number costs nothing until something is found.
#define _GNU_SOURCE // O_NOFOLLOW, O_CLOEXEC
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define BITS 17 // of the bitmap's index: 16 KiB
#define BUCKET_BITS 12
#define MULTIPLIER 0x9E3779B1u // 2^32 over the golden ratio (Knuth's multiplicative hash)

// One text. All numbers are bytes.
struct form {
  const uint8_t *text;
  uint32_t length;
  uint32_t hash_start, hash_end;   // where the hash stands in it
  uint32_t piece_start, piece_end; // pieces that begin in here are looked up
  uint32_t min_length, min_hash;   // a run counts from this length, with so much of it in the hash
  uint32_t stride;                 // pieces are looked up at multiples of this in the data: 4, or 8
  uint32_t period;                 // numbers of an array: pieces begin at the first two bytes of each; 0: anywhere
};

struct run {
  uint64_t offset; // in the data
  uint32_t length;
  uint16_t form;
  uint16_t start; // in the text
};

struct piece {
  uint32_t word;
  uint16_t form;
  uint16_t start;
};

struct table {
  uint8_t bitmap[1u << (BITS - 3)];
  uint32_t heads[(1u << BUCKET_BITS) + 1];
  struct piece *pieces;
  struct form *forms;
  uint32_t margin; // no run is longer
};

// What stands between the numbers of an array is the same in every array.
static int looked_up(const struct form *form, uint32_t at) { return !form->period || at % form->period < 2; }

static uint32_t word_at(const uint8_t *data) {
  uint32_t word;
  memcpy(&word, data, 4);
  return word;
}

void table_free(struct table *table) {
  if (table) {
    free(table->pieces);
    free(table->forms);
    free(table);
  }
}

struct table *table_new(const struct form *forms, size_t count) {
  struct table *table = calloc(1, sizeof *table);
  size_t total = 0;
  for (size_t i = 0; i < count; i++)
    total += forms[i].piece_end - forms[i].piece_start;
  if (!table)
    return NULL;
  table->pieces = calloc(total + 1, sizeof *table->pieces);
  table->forms = malloc((count + 1) * sizeof *forms);
  if (!table->pieces || !table->forms) {
    table_free(table);
    return NULL;
  }
  memcpy(table->forms, forms, count * sizeof *forms);
  for (size_t i = 0; i < count; i++) {
    if (forms[i].length > table->margin)
      table->margin = forms[i].length;
    for (uint32_t at = forms[i].piece_start; at < forms[i].piece_end; at++) {
      if (!looked_up(&forms[i], at))
        continue;
      uint32_t hash = word_at(forms[i].text + at) * MULTIPLIER;
      table->bitmap[hash >> (32 - BITS + 3)] |= (uint8_t)(1u << (hash >> (32 - BITS) & 7));
      table->heads[(hash >> (32 - BUCKET_BITS)) + 1]++;
    }
  }
  table->margin = (table->margin + 15) & ~7u;
  for (size_t i = 0; i < 1u << BUCKET_BITS; i++)
    table->heads[i + 1] += table->heads[i];
  // Filled from the back of each bucket, forms in reverse, so that those of the first form come first.
  uint32_t *ends = malloc(sizeof table->heads);
  if (!ends) {
    table_free(table);
    return NULL;
  }
  memcpy(ends, table->heads, sizeof table->heads);
  for (size_t i = count; i-- > 0;)
    for (uint32_t at = forms[i].piece_end; at-- > forms[i].piece_start;) {
      if (!looked_up(&forms[i], at))
        continue;
      uint32_t word = word_at(forms[i].text + at);
      uint32_t bucket = word * MULTIPLIER >> (32 - BUCKET_BITS);
      table->pieces[--ends[bucket + 1]] = (struct piece){word, (uint16_t)i, (uint16_t)at};
    }
  free(ends);
  return table;
}

uint32_t table_margin(const struct table *table) { return table->margin; }

// The longest run that counts around the word at `at`; its length is 0 if there is none.
static struct run longest(const struct table *table, const uint8_t *data, size_t size, size_t at, uint32_t word) {
  struct run best = {0, 0, 0, 0};
  uint32_t bucket = word * MULTIPLIER >> (32 - BUCKET_BITS);
  for (uint32_t i = table->heads[bucket]; i < table->heads[bucket + 1]; i++) {
    const struct piece *piece = &table->pieces[i];
    if (piece->word != word)
      continue;
    const struct form *form = &table->forms[piece->form];
    if (at % form->stride)
      continue;
    uint32_t left = 0, right = 4;
    while (left < piece->start && left < at && data[at - left - 1] == form->text[piece->start - left - 1])
      left++;
    while (piece->start + right < form->length && at + right < size && data[at + right] == form->text[piece->start + right])
      right++;
    uint32_t start = piece->start - left, end = piece->start + right;
    uint32_t from = start > form->hash_start ? start : form->hash_start;
    uint32_t to = end < form->hash_end ? end : form->hash_end;
    // Little and big endian differ by where the text begins: of two such runs the aligned one counts.
    int longer = left + right > best.length || (left + right == best.length && (at - left - start) % 4 == 0 &&
                                                (best.offset - best.start) % 4 != 0);
    if (left + right >= form->min_length && to >= from + form->min_hash && longer)
      best = (struct run){at - left, left + right, piece->form, (uint16_t)start};
  }
  return best;
}

// Look up the words from *at (a multiple of 4) to `end` of data[0..size); fill `runs` and return how many. *at is then
// where to go on: at or behind `end`, or before it where `runs` is full.
size_t scan(const struct table *table, const uint8_t *data, size_t size, size_t *at, size_t end, struct run *runs,
            size_t room) {
  size_t found = 0, i = *at;
  while (i < end && i + 4 <= size && found < room) {
    uint32_t word = word_at(data + i), hash = word * MULTIPLIER;
    if (table->bitmap[hash >> (32 - BITS + 3)] >> (hash >> (32 - BITS) & 7) & 1) {
      struct run run = longest(table, data, size, i, word);
      if (run.length) {
        runs[found++] = run;
        i = (run.offset + run.length + 3) & ~(size_t)3;
        continue;
      }
    }
    i += 4;
  }
  *at = found == room || i > end ? i : end;
  return found;
}

enum { HIT = 1, MAGIC = 2, FAILED = 4 };

// Whether a file begins like one that can hide text: what splitphase.hashes.formats knows.
static int hides(const uint8_t *head, size_t size) {
  static const struct {
    uint8_t length;
    const char *text;
  } magics[] = {
      {4, "\x7f" "ELF"},  {8, "!<arch>\n"},         {8, "!<thin>\n"}, {2, "\x1f\x8b"},     {6, "\xfd" "7zXZ\0"},
      {4, "\x28\xb5\x2f\xfd"}, {3, "BZh"},           {4, "PK\x03\x04"}, {4, "PK\x05\x06"},  {4, "BC\xc0\xde"},
      {4, "\xde\xc0\x17\x0b"},
  };
  for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
    if (size >= magics[i].length && !memcmp(head, magics[i].text, magics[i].length))
      return MAGIC;
  return size > 262 && !memcmp(head + 257, "ustar", 5) ? MAGIC : 0;
}

// Whether there is the text at a place, its characters `unit` bytes wide.
static int wide_text(const uint8_t *data, size_t size, ptrdiff_t at, size_t unit, const char *text) {
  size_t length = strlen(text) * unit;
  if (at < 0 || (size_t)at + length > size)
    return 0;
  for (size_t i = 0; i < length; i++)
    if (data[(size_t)at + i] != (i % unit ? 0 : text[i / unit]))
      return 0;
  return 1;
}

// The first place from `from` on where 8 bytes of a wide `/nix/store/` stand (little endian: 2 characters of UTF-32, 4 of
// UTF-16) that are not part of a longer one: so compilers cut wide strings up. `size` if there is none. Each of these
// has the x.
size_t wide_mark(const uint8_t *data, size_t size, size_t from) {
  static const char *const pieces[] = {"/nix", "nix/", "ix/s", "x/st"};
  while (from < size) {
    const uint8_t *found = memchr(data + from, 'x', size - from);
    if (!found)
      return size;
    ptrdiff_t at = found - data;
    from = (size_t)at + 1;
    if (from >= size || data[from])
      continue;
    if (wide_text(data, size, at - 4, 4, "ix") || wide_text(data, size, at, 4, "x/")) {
      if (!wide_text(data, size, at - 12, 4, "/nix/s"))
        return (size_t)at;
    } else if (!wide_text(data, size, at - 6, 2, "/nix/store")) {
      for (int i = 0; i < 4; i++)
        if (wide_text(data, size, at - 6 + 2 * i, 2, pieces[i]))
          return (size_t)at;
    }
  }
  return size;
}

static int sift_one(const struct table *table, int fd, uint8_t *buffer, size_t room) {
  size_t have = 0, at = 0;
  int flags = 0, object = 0;
  for (int first = 1, more = 1; more; first = 0) {
    while (have < room) {
      ssize_t got = read(fd, buffer + have, room - have);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        return FAILED;
      if (got == 0) {
        more = 0;
        break;
      }
      have += (size_t)got;
    }
    if (first) {
      flags = hides(buffer, have);
      object = flags && (buffer[0] == 0x7f || buffer[0] == '!');
    }
    struct run run;
    size_t end = more ? have - table->margin : have;
    if (scan(table, buffer, have, &at, end, &run, 1))
      return flags | HIT;
    if (object && wide_mark(buffer, have, 0) < have)
      return flags | HIT;
    if (more) {
      size_t from = (at - table->margin) & ~(size_t)7;
      memmove(buffer, buffer + from, have - from);
      have -= from;
      at -= from;
    }
  }
  return flags;
}

// For each of `count` paths, one after the other and each closed by a zero byte: HIT, MAGIC, FAILED. Memory is `room`.
int sift(const struct table *table, const char *paths, size_t count, size_t room, uint8_t *flags) {
  uint8_t *buffer = malloc(room);
  if (!buffer || room < 8 * (size_t)table->margin) {
    free(buffer);
    return -1;
  }
  for (size_t i = 0; i < count; i++, paths += strlen(paths) + 1) {
    int fd = open(paths, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    flags[i] = FAILED;
    if (fd >= 0) {
      flags[i] = (uint8_t)sift_one(table, fd, buffer, room);
      close(fd);
    }
  }
  free(buffer);
  return 0;
}
