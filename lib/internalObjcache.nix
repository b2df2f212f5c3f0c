/**
  The part of objcache: where it cuts (before buildPhase, which is then recorded), what the helper leaves there beside the
  snapshot, and the derivations that come of it.
*/
{
  lib,
  internalActions,
  internalRead,
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

  read =
    name: prepare:
    internalRead {
      inherit name version;
      what = "manifest";
      step = "builds its prepare step";
    } "${prepare.splitphaseManifest}/manifest.json";

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
