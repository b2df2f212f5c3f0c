/**
  The part of objcache: where it cuts (before buildPhase, which is then recorded), what the helper leaves there beside the
  snapshot, and the derivations that come of it.
*/
{
  lib,
  internalActions,
  internalReport,
  ...
}:
let
  version = 1;
in
{
  # Attributes of a package that are meant for objcache; the build does not see them.
  own = [
    "objcacheEnv"
    "objcacheLeave"
    "objcacheIdleSeconds"
    "objcacheRecordSeconds"
    "objcacheSkeleton"
  ];

  cut = {
    phases = [ "buildPhase" ];
    inside = true;
  };

  # What a part that ends here has beside the package's own outputs and attributes.
  to = attrs: {
    outputs = [
      "splitphaseManifest"
      "splitphaseSnapshot"
      "splitphasePacks"
    ];
    attributes = {
      splitphaseEnv = attrs.objcacheEnv or [ ];
      splitphaseLeave = attrs.objcacheLeave or [ ];
      splitphaseIdleSeconds = attrs.objcacheIdleSeconds or 60;
      splitphaseRecordSeconds = attrs.objcacheRecordSeconds or 1800;
    };
  };

  # The manifest of a package that is not cut, with the reason.
  whole = reason: {
    inherit version reason;
    split = false;
    actions = [ ];
    left = [ ];
  };

  # An import from derivation.
  read =
    name: prepare:
    let
      found =
        builtins.addErrorContext
          "while reading the manifest of ${name}: splitphase builds its prepare step during evaluation (import from derivation); with 'allow-import-from-derivation = false' use the package unsplit, as its passthru.splitphase.stock"
          (
            builtins.fromJSON (
              builtins.unsafeDiscardStringContext (builtins.readFile "${prepare.splitphaseManifest}/manifest.json")
            )
          );
    in
    if (found.version or null) != version then
      throw ''
        splitphase: the manifest of ${name} has version ${builtins.toJSON (found.version or null)}, but this lib reads ${toString version}.
        The helper and the lib come from different revisions of splitphase: use one `splitphase` input for both.''
    else
      found;

  # { objects, links, artifacts, keep, report } of a manifest.
  derivations =
    {
      stdenv,
      name,
      prepare,
      manifest,
      # As internalSkeleton makes it.
      skeleton,
    }:
    let
      actions = if manifest.split then internalActions { inherit stdenv prepare manifest; } else [ ];
      about = internalReport {
        inherit
          stdenv
          name
          prepare
          manifest
          actions
          skeleton
          ;
      };
      named =
        kind:
        lib.listToAttrs (
          lib.filter (entry: entry.value.kind == kind) (
            map (action: {
              name = lib.replaceStrings [ "." ] [ "-" ] action.name;
              value = action;
            }) actions
          )
        );
    in
    {
      objects = named "compile";
      links = named "link";
      inherit (about) artifacts keep report;
    };
}
