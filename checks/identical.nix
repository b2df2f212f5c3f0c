# Identical: what objcacheStdenv builds equals the stock build byte for byte, the outputs' own hashes mapped; and in the
# final derivation the compiler refuses to run, so nothing was compiled or linked twice.
{
  lib,
  pkgs,
  scope,
  packages,
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare refuse;

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
