# One build of the benchmark: a package of checks/packages.nix, stock or split, with a salt that makes every compile
# new and an edit to the source.
{
  nixpkgs ? ../tests/hostpkgs,
  system ? builtins.currentSystem,
  package,
  split ? false,
  salt ? "0",
  edit ? "",
}:
let
  pkgs = import nixpkgs { inherit system; };
  scope = (import ../lib { inherit (pkgs) lib; }).mkLib pkgs;
  stock = (import ../checks/packages.nix { inherit pkgs; }).${package}.overrideAttrs (old: {
    cmakeFlags = old.cmakeFlags ++ [ "-DCMAKE_CXX_FLAGS=-DBENCH_SALT=${salt}" ];
    postPatch = edit;
  });
in
if split then
  scope.internalSplit.split {
    inherit (pkgs) stdenv;
    inherit stock;
    objcache = true;
    after = [ ];
  }
else
  stock
