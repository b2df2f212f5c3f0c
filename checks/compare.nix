# What several checks do with a stock package and its split twin.
{ pkgs, scope }:
let
  # Where compilers cut the hash up, or where it is encoded, text tools cannot map it: there, and nowhere else, the helper
  # itself may. What it does not see is then not compared by anything else.
  mayEscape = [
    "hello"
    "hello-chain"
    "checkpoint-hello"
    "checkpoint-hello-moved"
    "encoded-ninja"
    "encoded-make"
  ];
in
{
  # compare NAME STOCK SPLIT: a check that all outputs are equal byte for byte, their own hashes mapped. Its output says
  # where the helper mapped them.
  compare =
    name: stock: split:
    pkgs.runCommand "identical-${name}"
      {
        stockPaths = map (output: "${stock.${output}}") stock.outputs;
        helper = "${scope.splitphase}/bin/splitphase";
        mayEscape = pkgs.lib.optionalString (pkgs.lib.elem name mayEscape) "1";
        splitPaths = map (output: "${split.${output}}") split.outputs;
      }
      ''
        source ${./compare.sh}
        set -e
        compare | tee $out
      '';

<<<<<<< HEAD
  # From the cut on, the wrapped compilers refuse to compile and link. They are bash scripts, and bash reads this file first;
  # the shim hands it on where it runs a compiler.
=======
  # From the cut on, unknown flags make the wrapped compiler and linker fail. A build that is not cut, and so never takes
  # up anything, fails at its end.
>>>>>>> faults
  refuse =
    package:
    package.overrideAttrs (old: {
      postResume = (old.postResume or "") + ''
<<<<<<< HEAD
        export BASH_ENV=${builtins.toFile "refuse" ''
          if [[ $0 == */bin/@(cc|c++|gcc|g++|clang|clang++) && " $* " == *" -"[co]" "* ]]; then
            echo "error: the compiler must not run: $*" >&2
            exit 1
          fi
        ''}
=======
        export NIX_CFLAGS_COMPILE="''${NIX_CFLAGS_COMPILE-} --the-compiler-must-not-run"
        export NIX_LDFLAGS="''${NIX_LDFLAGS-} --the-linker-must-not-run"
        compilersRefuse=1
      '';
      preFixup = (old.preFixup or "") + ''
        if [ -z "''${compilersRefuse-}" ]; then
          echo "error: this build has compiled by itself: it was not cut" >&2
          exit 1
        fi
>>>>>>> faults
      '';
    });
}
