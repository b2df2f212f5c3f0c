/* Copies of the paths: strings, arrays on the stack, structures, at every distance from an aligned place. */
#include <stdlib.h>
#include "corpus.h"
struct entry { char tag[3]; char path[90]; int number; };
struct tight { char base[32]; char hash[32]; };
static const struct { const char *name; const char *path; } table[] = {
  {"out", OUT}, {"dev", DEV}, {"bin", OUT "/bin"}, {"include", DEV "/include"}, {"other", OTHER "/lib"}};
static const char fixed[4][100] = {OUT, DEV "/x", "12345" OUT, OTHER};
APART void as_strcpy(char *to) { strcpy(to, OUT "/share"); }
APART void as_alone(char *to) { strcpy(to, OUT); }
APART void as_memcpy(char *to) { memcpy(to, DEV, sizeof DEV); }
APART void as_hash(char *to) { memcpy(to, HASH, 32); to[32] = 0; }
APART void as_base(char *to) { strcpy(to, HASH "-" NAME ".tar"); }
APART void as_other(char *to) { strcpy(to, OTHER "/lib"); }
APART void as_l(char *to) { strcpy(to, "-L" OUT "/lib"); }
APART void as_i(char *to) { strcpy(to, "-I" DEV "/include"); }
APART void as_rpath(char *to) { strcpy(to, "-Wl,-rpath," OUT "/lib:" OTHER "/lib"); }
APART void as_path(char *to) { strcpy(to, "PATH=" OUT "/bin:" DEV "/bin:" OTHER "/bin"); }
APART void as_three(char *to) { strcpy(to, "abc" OUT); }
APART void as_four(char *to) { strcpy(to, "abcd" OUT "/x"); }
APART void as_six(char *to) { strcpy(to, "abcdef" DEV "/lib64"); }
APART void as_seven(char *to) { strcpy(to, "abcdefg" OUT "/libexec"); }
APART void as_array(char *to) { char here[] = OUT "/etc"; memcpy(to, here, sizeof here); to[0] ^= 0; }
APART void as_wide_array(char *to) { char here[100] = "x" OUT; here[90] = 0; memcpy(to, here, sizeof here); }
APART void as_struct(char *to) {
  struct entry here = {"ab", OUT "/var", 7};
  memcpy(to, here.path, sizeof here.path);
  to[0] = (char)(to[0] + here.number - 7);
}
APART void as_tight(char *to) {
  struct tight here = {OTHER_HASH, HASH};
  memcpy(to, &here, sizeof here);
  to[sizeof here] = 0;
}
APART void as_two(char *one, char *two) { strcpy(one, OUT "/a"); strcpy(two, DEV "/b"); }
APART void as_heap(char **to) { *to = strdup(OUT "/heap"); }
void corpus(const char *given) {
  static void (*const all[])(char *) = {
    as_strcpy, as_alone, as_memcpy, as_hash, as_base, as_other, as_l, as_i, as_rpath, as_path, as_three, as_four,
    as_six, as_seven, as_array, as_wide_array, as_struct, as_tight};
  char one[400], two[400], *heap;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) { all[i](one); puts(one); }
  as_two(one, two); puts(one); puts(two);
  as_heap(&heap); puts(heap); free(heap);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) printf("%s=%s\n", table[i].name, table[i].path);
  for (size_t i = 0; i < 4; i++) puts(fixed[i]);
  printf("%s\n", given);
}
