/* Concatenation with the paths. */
#include "corpus.h"
APART void by_strcat(char *to, const char *rest) { strcpy(to, "-L"); strcat(to, OUT "/lib"); strcat(to, " "); strcat(to, rest); }
APART void by_strcat_end(char *to, const char *rest) { strcpy(to, rest); strcat(to, OUT); strcat(to, ":"); strcat(to, DEV "/bin"); }
APART void by_snprintf(char *to, const char *rest) { snprintf(to, 400, "%s/%s/%s", OUT, rest, DEV); }
APART void by_format(char *to, const char *rest) { snprintf(to, 400, "a" OUT "/lib/%s", rest); }
APART void by_plain(char *to, const char *rest) { snprintf(to, 400, "-Wl,-rpath," OUT "/lib"); strcat(to, rest); }
APART void by_pieces(char *to, const char *rest) { char *end = stpcpy(to, rest); end = stpcpy(end, "-I" DEV); stpcpy(end, OTHER "/include"); }
APART void by_bytes(char *to, const char *rest) {
  size_t length = strlen(rest);
  memcpy(to, rest, length);
  memcpy(to + length, OUT "/sbin", sizeof OUT "/sbin");
}
void corpus(const char *given) {
  static void (*const all[])(char *, const char *) = {
    by_strcat, by_strcat_end, by_snprintf, by_format, by_plain, by_pieces, by_bytes};
  char one[800];
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) { all[i](one, given); puts(one); }
}
