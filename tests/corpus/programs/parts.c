/* Pieces of the path that are no whole hash. */
#include "corpus.h"
APART void copy16(char *to) { memcpy(to, OUT, 16); to[16] = 0; }
APART void copy24(char *to) { memcpy(to, OUT, 24); to[24] = 0; }
APART void copy30(char *to) { memcpy(to, OUT, 30); to[30] = 0; }
APART void copy32(char *to) { memcpy(to, OUT, 32); to[32] = 0; }
APART int first(const char *one) { return strncmp(one, OUT, 24); }
void corpus(const char *given) {
  static void (*const all[])(char *) = {copy16, copy24, copy30, copy32};
  char one[400];
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) { all[i](one); puts(one); }
  puts(OUT);
  TRY(first);
}
