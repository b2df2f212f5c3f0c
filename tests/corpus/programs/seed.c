/* The seed alone, cut up: two pieces of 5 to 7 characters. Too short to be found (doc/hash-rewriting.md, limits): counted apart. */
#include "corpus.h"
APART void seed(char *to) { strcpy(to, "-frandom-seed=" SEED); }
void corpus(const char *given) {
  char one[400];
  seed(one);
  printf("%s %s %s\n", one, OUT, given);
}
