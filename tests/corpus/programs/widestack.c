/* The same, with arrays on the stack: compilers cut them up. */
#define STACK
#include "wide.c"
