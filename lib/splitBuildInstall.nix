/**
  Build a package in one derivation and install it in another: editing installPhase, fixup, `postInstall`, `installFlags` or
  `meta` of a package that takes two hours to build costs as long as the installation takes. Tests (`doCheck`) are run by
  the first.

  # Inputs

  `package`
  : A package that `stdenv.mkDerivation` made, of `objcacheStdenv` too, or the result of `splitPhases`.

  # Type

  ```
  splitBuildInstall :: Derivation -> Derivation
  ```

  # Examples

  ```nix
  splitBuildInstall qtbase
  => «derivation /nix/store/...-qtbase-6.4.2.drv»

  (splitBuildInstall hello).overrideAttrs { postInstall = "rm -r $out/share/info"; }
  => «derivation /nix/store/...-hello-2.12.drv», which builds without compiling

  splitBuildInstall (runCommand "x" { } "touch $out")
  => error: splitphase.splitPhases: x cannot be cut: it has a buildCommand and so no phases.
  ```
*/
{ splitPhases, ... }:
splitPhases {
  after = [ "check" ];
  _cuts = [
    [
      "checkPhase"
      "buildPhase"
    ]
  ];
}
