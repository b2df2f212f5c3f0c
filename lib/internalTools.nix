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
  actionBuilder = "${./hooks/action-builder.sh}";

  # What prepare and final have in common: the attributes that hooks/cut.sh reads. `old` are the package's own.
  cutAttributes = mode: cut: stock: old: {
    postHook = (old.postHook or "") + "\nsource ${./hooks/cut.sh}\n";
    splitphaseMode = mode;
    splitphaseCut = cut;
    splitphaseHelper = helper;
    splitphaseOutputs = stock.outputs;
    # The helper calls zstd by name; the package's own PATH stays what it is in the stock build.
    splitphasePath = "${buildPackages.zstd}/bin";
  };
}
