/* Comparisons with the paths, of what differs in each character. */
#include "corpus.h"
APART int by_strcmp(const char *one) { return strcmp(one, OUT); }
APART int by_strncmp(const char *one) { return strncmp(one, OUT, sizeof OUT - 1); }
APART int by_memcmp(const char *one) { return memcmp(one, OUT, sizeof OUT - 1) != 0; }
APART int by_memcmp_end(const char *one) { return memcmp(one, OUT, sizeof OUT) == 0; }
APART int by_order(const char *one) { return memcmp(one, OUT, sizeof OUT - 1); }
APART int by_order32(const char *one) { return memcmp(one, OUT, 32); }
APART int by_less(const char *one) { return memcmp(one, DEV, 43) < 0; }
APART int by_hash(const char *one) { return memcmp(one + 11, HASH, 32) != 0; }
APART int by_hash_order(const char *one) { return memcmp(one + 11, HASH, 32); }
APART int by_dash(const char *one) { return memcmp(one, OUT, 44) != 0; }
APART int by_other(const char *one) { return memcmp(one, OTHER, sizeof OTHER - 1) != 0; }
APART int by_store(const char *one) { return memcmp(one, OUT, 11) != 0; }
APART int by_any(const char *one) {
  if (!strcmp(one, OUT)) return 1;
  if (!strcmp(one, DEV)) return 2;
  if (!strncmp(one, OTHER, sizeof OTHER - 1)) return -1;
  return 0;
}
void corpus(const char *given) {
  char padded[400] = {0};
  strncpy(padded, given, 300);
  given = padded;
  TRY(by_strcmp); TRY(by_strncmp); TRY(by_memcmp); TRY(by_memcmp_end); TRY(by_order); TRY(by_order32); TRY(by_less);
  TRY(by_hash); TRY(by_hash_order); TRY(by_dash); TRY(by_other); TRY(by_store); TRY(by_any);
}
