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
in
stdenv: {
  shell = "${stdenv.shell}";
  path = lib.makeBinPath (stdenv.initialPath ++ [ buildPackages.zstd ]);
  system = stdenv.buildPlatform.system;
  helper = "${splitphase}/bin/splitphase";
  inherit (buildPackages) zstd;
  actionBuilder = "${./hooks/action-builder.sh}";
  cutHook = "${./hooks/cut.sh}";
}
