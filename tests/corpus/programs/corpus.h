/* What each program says goes through here: nothing is folded, nothing is inlined into another function. */
#ifndef CORPUS_H
#define CORPUS_H
#include <stdio.h>
#include <string.h>
#ifdef __cplusplus
extern "C" {
#endif
/* In the library or beside main. */
void corpus(const char *given);
#ifdef __cplusplus
}
#endif
#define APART __attribute__((noinline))
/* Calls `f` with the argument and with copies of it that differ in one character, and prints what it says of each. */
#define TRY(f)                                                            \
  do {                                                                    \
    char changed_[400];                                                   \
    size_t length_ = strlen(given), at_;                                  \
    int said_ = f(given);                                                 \
    printf(#f " %c", said_ < 0 ? '<' : said_ > 0 ? '>' : '=');            \
    for (at_ = 0; at_ < length_ && at_ < 120; at_++) {                    \
      memset(changed_, 0, sizeof changed_); memcpy(changed_, given, length_);                             \
      changed_[at_] = (char)(changed_[at_] + (at_ % 2 ? 1 : -1));         \
      said_ = f(changed_);                                                \
      putchar(said_ < 0 ? '<' : said_ > 0 ? '>' : '=');                   \
    }                                                                     \
    putchar('\n');                                                        \
  } while (0)
#endif
