// Copies of the paths as C++ makes them.
#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
#include "corpus.h"
namespace {
const std::string global = OUT "/global";
constexpr std::string_view view = DEV "/view";
constexpr std::array<const char *, 3> names{OUT "/bin", DEV "/include", OTHER "/lib"};
struct Paths { std::string out = OUT; std::string lib = OUT "/lib"; std::string dev{DEV}; int n = 3; };
APART std::string plain() { return OUT; }
APART std::string longer() { return OUT "/share/locale"; }
APART std::string literal() { using namespace std::literals; return "-L" OUT "/lib"s; }
APART std::string assigned(std::string one) { one = "-I" DEV "/include"; return one; }
APART std::string from_view() { return std::string(view); }
APART std::unique_ptr<std::string> heap() { return std::make_unique<std::string>("abcde" OUT "/heap"); }
APART std::vector<std::string> several() { return {OUT "/1", DEV "/2", "x" OUT "/3", OTHER "/4"}; }
APART std::array<char, 100> block() { return {"abc" OUT "/block"}; }
APART std::map<std::string, std::string> mapped() { return {{"out", OUT}, {"dev", DEV}, {HASH, "hash"}}; }
}  // namespace
void corpus(const char *given) {
  Paths paths;
  puts(global.c_str());
  printf("%.*s\n", static_cast<int>(view.size()), view.data());
  for (auto name : names) puts(name);
  for (const auto &each : {plain(), longer(), literal(), assigned(given), from_view(), *heap(), paths.out, paths.lib, paths.dev})
    puts(each.c_str());
  for (const auto &each : several()) puts(each.c_str());
  puts(block().data());
  for (const auto &[key, value] : mapped()) if (key.size() < 10) printf("%s=%s\n", key.c_str(), value.c_str());
  puts(given);
}
