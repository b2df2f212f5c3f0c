/**
  The overlay: the public functions and the helper `splitphase` in a package set.
*/
splitphase: final: prev: {
  inherit (splitphase.mkLib final)
    objcacheStdenv
    withObjcache
    splitBuildInstall
    splitPhases
    prepareCheckpointBuild
    mkCheckpointBuild
    splitphase
    ;
}
