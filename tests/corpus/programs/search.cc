// A search: std's looks for the first character by itself, which is a number in the code.
// No rewriting can follow this (doc/hash-rewriting.md, limits): counted apart.
#include <string_view>
#include "corpus.h"
APART static int found(const char *one) { return std::string_view(one).find(HASH) != std::string_view::npos; }
void corpus(const char *given) { TRY(found); puts(OUT); }
