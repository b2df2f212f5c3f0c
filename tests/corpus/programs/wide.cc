// Wide strings as C++ makes them.
#include <string>
#include <string_view>
#include "corpus.h"
#define JOIN(a, b) a##b
#define WIDE(text) JOIN(L, text)
#define W16(text) JOIN(u, text)
#define W32(text) JOIN(U, text)
namespace {
template <class Text> APART void say(const Text &text) { for (auto letter : text) putchar(static_cast<int>(letter)); putchar('\n'); }
APART std::wstring wide() { return WIDE(OUT) L"/share"; }
APART std::u16string wide16() { return W16(OUT) u"/share"; }
APART std::u32string wide32() { return W32(DEV) U"/share"; }
APART std::wstring joined(const std::wstring &rest) { return L"-L" WIDE(OUT) L"/" + rest; }
APART int same(const std::wstring &one) { return one == WIDE(OUT); }
}  // namespace
void corpus(const char *given) {
  std::wstring rest(given, given + strlen(given));
  say(wide()); say(wide16()); say(wide32()); say(joined(rest));
  printf("%d\n", same(rest));
}
