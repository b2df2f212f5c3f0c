/* Upper-case copies: all of the path, or its hash alone, as nixpkgs' compiler has it in __FILE__. */
#include "corpus.h"
APART void all_of_it(char *to) { strcpy(to, UPPER "/SHARE"); }
APART void the_hash(char *to) { strcpy(to, MIXED "/include/x.h"); }
APART void with_start(char *to) { strcpy(to, "X=" UPPER "_H"); }
APART void with_five(char *to) { strcpy(to, "FILE:" MIXED "/a.h"); }
APART void both(char *to) { char here[300] = OUT ":" UPPER ":" MIXED; here[290] = 0; memcpy(to, here, sizeof here); }
APART int same(const char *one) { return memcmp(one, UPPER, sizeof UPPER - 1) != 0; }
APART int order(const char *one) { return memcmp(one, MIXED, sizeof MIXED - 1); }
void corpus(const char *given) {
  static void (*const all[])(char *) = {all_of_it, the_hash, with_start, with_five, both};
  char one[400] = {0};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) { all[i](one); puts(one); }
  strncpy(one, given, 300);
  given = one;
  TRY(same); TRY(order);
}
