/**
  What the derivations of an action run with: a shell, a search path and the helper, all of the build platform.
  Taken from the stdenv itself, so that an object depends on nothing that a compile in the stock stdenv would not.
*/
{
  lib,
  pkgs,
  splitphase,
  ...
}:
let
  buildPackages = pkgs.buildPackages or pkgs;
  unused =
    package:
    lib.any (name: lib.hasInfix name (package.name or "")) [
      "gzip"
      "bzip2"
      "xz"
      "gnumake"
      "gawk"
      "gnugrep"
      "patch-"
      "file-"
    ];
in
stdenv:
let
  helper = about "${splitphase}/bin/splitphase";
  about = builtins.addErrorContext "while evaluating the tools of splitphase's helper (python3 and zstd, with all that they depend on): if this is an infinite recursion, an overlay splits one of these packages: leave that one as it is, or name splitphase's overlay before the one that splits";
in
{
  shell = "${stdenv.shell}";
  # Each path is a mount in each of thousands of sandboxes.
  path = lib.makeBinPath (lib.filter (package: !unused package) stdenv.initialPath ++ [ buildPackages.zstd ]);
  system = stdenv.buildPlatform.system;
  inherit helper;
  shim = "${splitphase}/libexec/splitphase-shim";
  zstdPath = about "${buildPackages.zstd}/bin";
  actionBuilder = "${./hooks/action-builder.sh}";
}
