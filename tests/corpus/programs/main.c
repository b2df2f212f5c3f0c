#include "corpus.h"
int main(int count, char **words) {
  for (int i = 1; i < count; i++) corpus(words[i]);
  return 0;
}
