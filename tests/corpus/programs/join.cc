// Concatenation as C++ makes it.
#include <sstream>
#include <string>
#include "corpus.h"
namespace {
APART std::string plus(const std::string &rest) { return "-L" + std::string(OUT) + "/lib/" + rest; }
APART std::string plus_literal(const std::string &rest) { return OUT "/lib/" + rest + ":" DEV "/lib"; }
APART std::string appended(std::string rest) { rest += ":" OUT "/bin"; rest.append(DEV "/bin"); return rest; }
APART std::string inserted(std::string rest) { rest.insert(0, "xyz" OUT "/"); return rest; }
APART std::string replaced(std::string rest) { return rest.replace(0, 1, OTHER "/").append(OUT); }
APART std::string streamed(const std::string &rest) { std::ostringstream to; to << "-rpath " OUT "/lib" << rest << DEV; return to.str(); }
}  // namespace
void corpus(const char *given) {
  for (const auto &each : {plus(given), plus_literal(given), appended(given), inserted(given), replaced(given), streamed(given)})
    puts(each.c_str());
}
