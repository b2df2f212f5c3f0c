/**
  The overlay: `objcacheStdenv`, `withObjcache` and the helper `splitphase` in a package set.
*/
splitphase: final: prev: {
  inherit (splitphase.mkLib final) objcacheStdenv withObjcache splitphase;
}
