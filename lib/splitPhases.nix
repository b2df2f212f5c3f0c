/**
  Build a package in several derivations, cut behind the phases that are named: an edit to what only later phases read
  does not run the earlier ones again.

  # Inputs

  `after`
  : Phases behind which to cut, in the order in which they run: `"unpack"`, `"patch"`, `"configure"`, `"build"`, `"check"`,
    `"install"`, or any other phase that the package has, with or without the ending `Phase`.

  `package`
  : A package that `stdenv.mkDerivation` made, of `objcacheStdenv` too, or the result of this function.

  # Type

  ```
  splitPhases :: { after :: [String] } -> Derivation -> Derivation
  ```

  # Examples

  ```nix
  splitPhases { after = [ "unpack" "build" ]; } linux
  => «derivation /nix/store/...-linux-6.6.drv»

  (splitPhases { after = [ "build" ]; } hello).overrideAttrs { postInstall = "rm -r $out/share/info"; }
  => «derivation /nix/store/...-hello-2.12.drv», which builds without compiling

  splitPhases { after = [ "build" ]; } (runCommand "x" { } "touch $out")
  => error: splitphase.splitPhases: x cannot be cut: it has a buildCommand and so no phases.
  ```
*/
{
  lib,
  pkgs,
  internalAttributes,
  internalSplit,
  ...
}:
let
  # The names that a phase may have in the list of phases.
  names =
    phase:
    if internalAttributes.rank "${phase}Phase" != null then
      [ "${phase}Phase" ]
    else if lib.hasSuffix "Phase" phase then
      [ phase ]
    else
      [
        phase
        "${phase}Phase"
      ];

  check =
    after:
    if !builtins.isList after || after == [ ] || !lib.all builtins.isString after then
      throw ''
        splitphase.splitPhases: `after` is ${builtins.toJSON after}, but must be a list of phases, and not empty.
        For instance:
          splitPhases { after = [ "build" ]; } package''
    else
      after;

  # Two lists of cuts as one, in the order of the phases, none twice; an unknown phase stays behind the one before it.
  merge =
    cuts:
    let
      place = cut: internalAttributes.rank (lib.head cut);
      ranked = lib.foldl' (
        done: cut:
        done
        ++ [
          {
            inherit cut;
            rank =
              if place cut != null then
                place cut
              else if done == [ ] then
                0
              else
                (lib.last done).rank;
          }
        ]
      ) [ ] (lib.unique cuts);
    in
    map (entry: entry.cut) (lib.sort (a: b: a.rank < b.rank) ranked);

  splitPhases =
    {
      after,
      # Used by splitBuildInstall: cuts that are alternatives, the last one that the package has.
      _cuts ? map names (check after),
    }@arguments:
    package:
    let
      inner = package.splitphase.spec or { inherit (pkgs) stdenv; stock = package; objcache = false; after = [ ]; };
      problem = internalSplit.problem inner.stock.drvAttrs;
    in
    if !lib.isDerivation package || !(package ? overrideAttrs) then
      throw ''
        splitphase.splitPhases: this is no package of stdenv.mkDerivation: ${
          lib.generators.toPretty { multiline = false; } (package.name or package)
        }.
        Give it a derivation that has `overrideAttrs`.''
    else if problem != null then
      throw ''
        splitphase.splitPhases: ${package.name} cannot be cut: ${problem}.
        Use it as it is, or cut a package that stdenv.mkDerivation builds in phases.''
    else
      internalSplit.split (
        inner
        // {
          after = merge (inner.after ++ _cuts);
        }
        // lib.optionalAttrs (package ? override) {
          override = lib.setFunctionArgs (change: splitPhases arguments (package.override change)) (
            lib.functionArgs package.override
          );
        }
      );
in
splitPhases
