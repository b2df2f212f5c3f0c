// An array that the compiler computes and, at -O0 and -O1, stores byte by byte: no piece has two characters.
// No rewriting can follow this (doc/hash-rewriting.md, limits): counted apart.
#include <array>
#include "corpus.h"
template <size_t N> constexpr std::array<char, N> upper(const char (&text)[N]) {
  std::array<char, N> result{};
  for (size_t i = 0; i < N; i++) result[i] = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 32) : text[i];
  return result;
}
APART static void stack(char *to) { auto here = upper("ab" DEV); memcpy(to, here.data(), here.size()); }
void corpus(const char *given) { char one[400]; stack(one); printf("%s %s %s\n", one, OUT, given); }
