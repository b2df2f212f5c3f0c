# Identical: what objcacheStdenv builds equals the stock build byte for byte, the outputs' own hashes mapped; and in the
# final derivation the compiler refuses to run, so nothing was compiled or linked twice.
{
  lib,
  pkgs,
  scope,
  packages,
}:
let
  compare =
    name: stock: split:
    pkgs.runCommand "identical-${name}"
      {
        stockPaths = map (output: "${stock.${output}}") stock.outputs;
        splitPaths = map (output: "${split.${output}}") split.outputs;
      }
      ''
        source ${./compare.sh}
        set -e
        compare | tee $out
      '';

  # From the cut on, unknown flags make the wrapped compiler and linker fail; that they do is checked in refusing.nix.
  refuse =
    package:
    package.overrideAttrs {
      postResume = ''
        export NIX_CFLAGS_COMPILE="''${NIX_CFLAGS_COMPILE-} --the-compiler-must-not-run"
        export NIX_LDFLAGS="''${NIX_LDFLAGS-} --the-linker-must-not-run"
      '';
    };

  one =
    pname: generator: shared: several:
    let
      stock = packages.${pname}.override {
        inherit generator shared;
        outputs = [ "out" ] ++ lib.optional several "dev";
      };
      split = stock.override { stdenv = scope.objcacheStdenv; };
      name = lib.concatStringsSep "-" [
        pname
        (if generator == "Ninja" then "ninja" else "make")
        (if shared then "shared" else "static")
        (if several then "outputs" else "output")
      ];
    in
    lib.nameValuePair "identical-${name}" (compare name stock (refuse split));
in
lib.listToAttrs (
  lib.concatMap
    (
      pname:
      lib.concatMap (
        generator:
        lib.concatMap
          (shared: map (one pname generator shared) [ true false ])
          [ true false ]
      ) [ "Ninja" "Unix Makefiles" ]
    )
    [
      "fmtlib"
      "leveldb"
      "snappy"
    ]
)
