# Tracing, and tests of pure functions.
{ lib }:
rec {
  traceIf = condition: message: if condition then builtins.trace message else lib.id;
  traceVal = traceValFn lib.id;
  traceValFn = f: x: builtins.trace (f x) x;
  traceSeq = x: builtins.trace (builtins.deepSeq x x);
  traceValSeq = x: traceSeq x x;

  # The failures among the attributes called test...; each is { expr; expected; }.
  runTests =
    tests:
    lib.concatMap (
      name:
      let
        test = tests.${name};
        chosen = if tests ? tests then lib.elem name tests.tests else lib.hasPrefix "test" name;
      in
      lib.optional (chosen && name != "tests" && test.expr != test.expected) {
        inherit name;
        inherit (test) expected;
        result = test.expr;
      }
    ) (lib.attrNames tests);
}
