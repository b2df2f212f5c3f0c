/* Comparisons and copies whose last piece is a number of 1 to 4 bytes of the hash. */
#include "corpus.h"
APART int same18(const char *one) { return memcmp(one, OUT, 18) != 0; }
APART int same20(const char *one) { return memcmp(one, OUT, 20) != 0; }
APART int same17(const char *one) { return memcmp(one, OUT, 17) != 0; }
APART void copy19(char *to) { memcpy(to, OUT, 19); to[19] = 0; }
APART void copy26(char *to) { memcpy(to, OUT, 26); to[26] = 0; }
void corpus(const char *given) {
  char one[400];
  copy19(one); puts(one);
  copy26(one); puts(one);
  puts(OUT);
  TRY(same17); TRY(same18); TRY(same20);
}
