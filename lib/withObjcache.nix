/**
  Make a stdenv whose `mkDerivation` builds one derivation for each compile, and for each link of a program or shared library,
  whatever build tool the package has.

  # Inputs

  `stdenv`
  : Any stdenv of nixpkgs for Linux: `stdenv`, `clangStdenv`, `llvmPackages.stdenv`, a cross stdenv, ...

  # Type

  ```
  withObjcache :: Stdenv -> Stdenv
  ```

  # Examples

  ```nix
  fmt.override { stdenv = withObjcache clangStdenv; }
  => «derivation /nix/store/...-fmt-10.2.1.drv»

  withObjcache pkgsCross.mingwW64.stdenv
  => error: splitphase.withObjcache: stdenv-linux builds on "x86_64-linux" for "x86_64-windows", but only Linux is supported.
  ```
*/
{
  lib,
  internalSplit,
  ...
}:
let
  withObjcache =
    stdenv:
    if !(stdenv.hostPlatform.isLinux && stdenv.buildPlatform.isLinux) then
      throw ''
        splitphase.withObjcache: ${stdenv.name or "the stdenv"} builds on ${builtins.toJSON stdenv.buildPlatform.system} for ${builtins.toJSON stdenv.hostPlatform.system}, but only Linux is supported.
        Leave this package's stdenv as it is, for instance:
          stdenv = if stdenv.hostPlatform.isLinux && stdenv.buildPlatform.isLinux then withObjcache stdenv else stdenv;''
    else
      let
        split =
          stock:
          internalSplit.split {
            inherit stdenv stock;
            objcache = true;
            after = [ ];
          };
      in
      stdenv
      // {
        mkDerivation =
          attrsOrFunction:
          split (
            stdenv.mkDerivation (
              if lib.isFunction attrsOrFunction then
                # finalPackage is what the user gets: the split package.
                finalAttrs:
                attrsOrFunction (finalAttrs // { finalPackage = split finalAttrs.finalPackage; })
              else
                attrsOrFunction
            )
          );
        override = change: withObjcache (stdenv.override change);
      };
in
withObjcache
