/**
  The overlay: the public functions and the helper `splitphase` in a package set.
*/
splitphase: final: prev:
let
  # The helper's tools are those of the set before overlays that come behind this one: they may split zstd or python3.
  tools = {
    buildPackages = final.buildPackages or final // { inherit (prev) python3 zstd; };
  };
  native = final.stdenv.buildPlatform == final.stdenv.hostPlatform;
in
{
  inherit (splitphase.mkLib (if native then final // tools else final))
    objcacheStdenv
    withObjcache
    splitBuildInstall
    splitPhases
    prepareCheckpointBuild
    mkCheckpointBuild
    splitphase
    ;
}
