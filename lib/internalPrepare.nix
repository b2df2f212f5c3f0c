/**
  The prepare derivation: the package's phases up to the cut, then the helper. It keeps every attribute that is not
  known to belong to a later phase, so an edit to installPhase or meta does not touch it.
*/
{
  lib,
  internalTools,
  ...
}:
let
  # Bodies and switches of later phases. Lists that hooks append to while the package is configured (installFlags,
  # qtWrapperArgs, ...) are not here: what they are at the cut is part of the shell's state.
  laterPhases = [
    "postResume"
    "postBuild"
    "checkPhase"
    "preCheck"
    "postCheck"
    "checkTarget"
    "installPhase"
    "preInstall"
    "postInstall"
    "installTargets"
    "fixupPhase"
    "preFixup"
    "postFixup"
    "dontFixup"
    "dontInstall"
    "dontStrip"
    "dontStripHost"
    "dontStripTarget"
    "dontPatchELF"
    "dontPatchShebangs"
    "dontPruneLibtoolFiles"
    "dontMoveSbin"
    "dontMoveLib64"
    "dontGzipMan"
    "forceShare"
    "setupHook"
    "setupHooks"
    "installCheckPhase"
    "preInstallCheck"
    "postInstallCheck"
    "installCheckTarget"
    "preDist"
    "postDist"
    "distPhase"
    "distTarget"
    "tarballs"
  ];
  onlyResults = [
    "allowedReferences"
    "allowedRequisites"
    "outputChecks"
    "unsafeDiscardReferences"
  ];
in
{
  stdenv,
  stock,
  cut,
  env,
  leave,
  own,
}:
let
  tools = internalTools stdenv;
in
stock.overrideAttrs (
  old:
  lib.genAttrs (lib.filter (name: old ? ${name}) (laterPhases ++ onlyResults ++ own)) (_: null)
  # mkDerivation maps over these two, so they cannot be null.
  // lib.genAttrs (lib.filter (name: old ? ${name}) [ "disallowedReferences" "disallowedRequisites" ]) (_: [ ])
  // tools.cutAttributes "prepare" cut stock old
  // {
    outputs = (old.outputs or [ "out" ]) ++ [
      "splitphaseManifest"
      "splitphaseSnapshot"
      "splitphasePacks"
    ];
    splitphaseEnv = env;
    splitphaseLeave = leave;
  }
)
