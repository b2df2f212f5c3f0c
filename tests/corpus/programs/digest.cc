// A switch on digests of the paths. No rewriting can follow this (doc/hash-rewriting.md, limits): counted apart.
#include <cstdint>
#include <string_view>
#include "corpus.h"
namespace {
constexpr std::uint64_t digest(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325u;
  for (char letter : text) value = (value ^ static_cast<unsigned char>(letter)) * 0x100000001b3u;
  return value;
}
APART int chosen(const char *one) {
  switch (digest(one)) {
    case digest(OUT): return 1;
    case digest(DEV): return -1;
    default: return 0;
  }
}
}  // namespace
void corpus(const char *given) { TRY(chosen); puts(OUT); }
