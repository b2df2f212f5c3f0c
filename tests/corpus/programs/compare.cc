// Comparisons as C++ makes them.
#include <algorithm>
#include <string>
#include <string_view>
#include "corpus.h"
namespace {
using namespace std::literals;
constexpr std::string_view out = OUT, dev = DEV;
APART int equal(const char *one) { return std::string_view(one) == out; }
APART int equal_string(const char *one) { return std::string(one) == OUT; }
APART int order(const char *one) { return std::string_view(one).compare(dev); }
APART int less(const char *one) { return std::string_view(one) < OUT "/x"sv; }
APART int starts(const char *one) { return std::string_view(one).starts_with(out); }
APART int starts_hash(const char *one) { return std::string_view(one).substr(strlen(one) < 11 ? 0 : 11).starts_with(HASH); }
APART int ends(const char *one) { return std::string_view(one).ends_with(HASH "-" NAME); }
APART int between(const char *one) { return std::equal(out.begin(), out.end(), one); }
APART int chosen(const char *one) {
  std::string_view text = one;
  if (text == out) return 1;
  if (text == dev) return -1;
  return text == OTHER ? 1 : 0;
}
}  // namespace
void corpus(const char *given) {
  char padded[400] = {0};
  strncpy(padded, given, 300);
  given = padded;
  TRY(equal); TRY(equal_string); TRY(order); TRY(less); TRY(starts); TRY(starts_hash); TRY(ends);
  TRY(between); TRY(chosen);
}
