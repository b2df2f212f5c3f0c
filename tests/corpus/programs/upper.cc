// Upper-case copies that the compiler computes.
#include <array>
#include <string>
#include <string_view>
#include "corpus.h"
namespace {
template <size_t N> constexpr std::array<char, N> upper(const char (&text)[N]) {
  std::array<char, N> result{};
  for (size_t i = 0; i < N; i++) result[i] = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 32) : text[i];
  return result;
}
constexpr auto all = upper(OUT "/share");
APART std::string copied() { return all.data(); }
APART std::string mixed() { return MIXED "/x.h"; }
APART int same(const char *one) { return std::string_view(one) == std::string_view(all.data(), all.size() - 1); }
}  // namespace
void corpus(const char *given) {
  for (const auto &each : {copied(), mixed()}) puts(each.c_str());
  TRY(same);
}
