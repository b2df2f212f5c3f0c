# What several checks do with a stock package and its split twin.
{ pkgs, scope }:
let
  # Where compilers cut the hash up, or where it is encoded, text tools cannot map it: there, and nowhere else, the helper
  # itself may. What it does not see is then not compared by anything else.
  mayEscape = [
    "hello"
    "hello-2.10"
    "hello-chain"
    "checkpoint-hello"
    "checkpoint-hello-moved"
    "derived-ninja"
    "derived-make"
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

  # From the cut on, the wrapped compilers refuse to compile and link. They are bash scripts, and bash reads this file first;
  # the shim hands it on where it runs a compiler. A build that is not cut, and so never takes up anything, fails at its end.
  refuse =
    package:
    package.overrideAttrs (old: {
      postResume = (old.postResume or "") + ''
        export BASH_ENV=${builtins.toFile "refuse" ''
          if [[ $0 == */bin/@(cc|c++|gcc|g++|clang|clang++) && " $* " == *" -"[co]" "* && " $* " != *" -E "* && -z ''${compilersMayRun-} ]]; then
            echo "error: the compiler must not run: $*" >&2
            exit 1
          fi
        ''}
        compilersRefuse=1
      '';
      preFixup = (old.preFixup or "") + ''
        if [ -z "''${compilersRefuse-}" ]; then
          echo "error: this build has compiled by itself: it was not cut" >&2
          exit 1
        fi
      '';
    });
}
