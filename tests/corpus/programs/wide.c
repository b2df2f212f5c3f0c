/* Wide strings as they are in memory, copied by pointer or by length. */
#include <wchar.h>
#include <uchar.h>
#include "corpus.h"
#define JOIN(a, b) a##b
#define WIDE(text) JOIN(L, text)
#define W16(text) JOIN(u, text)
#define W32(text) JOIN(U, text)
static const wchar_t *const pointer = WIDE(OUT) L"/share";
static const char16_t *const pointer16 = W16(OUT) u"/share";
static const char32_t *const pointer32 = W32(DEV) U"/share";
APART void say(const wchar_t *text) { for (; *text; text++) putchar((int)*text); putchar('\n'); }
APART void say16(const char16_t *text) { for (; *text; text++) putchar((int)*text); putchar('\n'); }
APART void say32(const char32_t *text) { for (; *text; text++) putchar((int)*text); putchar('\n'); }
#ifdef STACK
APART void here(wchar_t *to) { wchar_t text[] = WIDE(OUT) L"/etc"; memcpy(to, text, sizeof text); }
APART void here16(char16_t *to) { char16_t text[] = W16(OUT) u"/etc"; memcpy(to, text, sizeof text); }
APART void here32(char32_t *to) { char32_t text[] = W32(DEV) U"/etc"; memcpy(to, text, sizeof text); }
#else
APART void here(wchar_t *to) { wcscpy(to, WIDE(OUT) L"/etc"); }
APART void here16(char16_t *to) { const char16_t *from = W16(OUT) u"/etc"; while ((*to++ = *from++)) {} }
APART void here32(char32_t *to) { const char32_t *from = W32(DEV) U"/etc"; while ((*to++ = *from++)) {} }
#endif
APART int same(const wchar_t *text) { return wcscmp(text, WIDE(OUT)); }
void corpus(const char *given) {
  wchar_t one[200]; char16_t two[200]; char32_t three[200];
  say(pointer); say16(pointer16); say32(pointer32);
  here(one); say(one); here16(two); say16(two); here32(three); say32(three);
  size_t i = 0;
  for (; given[i] && i < 199; i++) one[i] = (wchar_t)given[i];
  one[i] = 0;
  printf("%d\n", same(one) == 0);
}
