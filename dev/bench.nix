# One build of the benchmark: a package of checks/packages.nix or buildtools.nix, stock or split, with a salt that makes every
# compile new and an edit to the source or to postInstall. `parts`: built and installed in separate derivations, with the times at
# which the last part has taken up the build and has ended in its log.
{
  nixpkgs ? ../tests/hostpkgs,
  system ? builtins.currentSystem,
  package,
  split ? false,
  salt ? "0",
  edit ? "",
  install ? "",
  parts ? false,
}:
let
  pkgs = import nixpkgs { inherit system; };
  scope = (import ../lib { inherit (pkgs) lib; }).mkLib pkgs;
  packages = import ../checks/buildtools.nix { inherit pkgs; } // import ../checks/packages.nix { inherit pkgs; };
  stock = packages.${package}.overrideAttrs (old: {
    env = old.env or { } // { NIX_CFLAGS_COMPILE = "-DBENCH_SALT=${salt}"; };
    postPatch = edit;
    postInstall = install;
    postResume = "echo bench: $EPOCHREALTIME";
    postFixup = "echo bench: $EPOCHREALTIME";
  });
  split' = scope.internalSplit.split {
    inherit (pkgs) stdenv;
    inherit stock;
    objcache = true;
    after = [ ];
  };
in
if parts then
  scope.splitBuildInstall split'
else if split then
  split'
else
  stock
