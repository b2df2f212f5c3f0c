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
  helper = "${splitphase}/bin/splitphase";
in
{
  shell = "${stdenv.shell}";
  # Each path is a mount in each of thousands of sandboxes.
  path = lib.makeBinPath (lib.filter (package: !unused package) stdenv.initialPath ++ [ buildPackages.zstd ]);
  system = stdenv.buildPlatform.system;
  inherit helper;
  shim = "${splitphase}/libexec/splitphase-shim";
  zstdPath = "${buildPackages.zstd}/bin";
  actionBuilder = "${./hooks/action-builder.sh}";
}
