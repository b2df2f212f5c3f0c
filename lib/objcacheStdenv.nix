/**
  The package set's own stdenv, with one derivation for each compile, and for each link of a program or shared library.

  # Type

  ```
  objcacheStdenv :: Stdenv
  ```

  # Examples

  ```nix
  leveldb.override { stdenv = objcacheStdenv; }
  => «derivation /nix/store/...-leveldb-1.23.drv»

  (objcacheStdenv.mkDerivation { name = "x"; buildCommand = "touch $out"; }).splitphase.manifest.reason
  => "it has a buildCommand and so no phases"
  ```
*/
{ pkgs, withObjcache, ... }:
withObjcache pkgs.stdenv
