/**
  A part of a package: a derivation that takes up the build at one cut and leaves it at the next. The first part takes up
  nothing, the last one (final) leaves nothing; both keep every attribute that is not known to belong to a later phase.

  A cut is `{ phases, inside }`: behind the last of these phases that the package has, or before buildPhase, which the
  part then records (`inside`). The part of a checkpoint has no such place: it ends with buildPhase and leaves no snapshot.
  `from` is null or `{ cut, snapshot, artifacts }`, and maybe `sources` (the snapshot is of a tree that was configured from a
  skeleton; this has the content) or `store` (attributes of phases that are over are left out; these store paths are what the
  snapshot names). `to` is null or `{ cut, outputs, attributes }`: outputs that the helper fills, the snapshot among them, and
  variables that hooks/cut.sh reads. Either may have `reads`, another cut: attributes stay that phases up to there read.

  A part sets every attribute of the package, to the value that it has in the stock package, and then changes some. So
  what is written with `finalAttrs` keeps its meaning where a part leaves out what it refers to, and which attributes
  there are does not depend on the value of any: that would be an infinite recursion.
*/
{
  lib,
  internalAttributes,
  internalTools,
  ...
}:
let
  describe = cut: lib.concatStringsSep " " ([ (if cut.inside then "in" else "after") ] ++ cut.phases);

  # Setup hooks add to installFlags while the package is configured; the package's own go where this stands.
  placeholder = "@splitphase-install-flags@";
  # What the stock package gave mkDerivation, seen from outside: each value is final.
  given = stock: (stock.overrideAttrs (old: { passthru = old.passthru or { } // { splitphaseGiven = old; }; })).splitphaseGiven;
  early = cut: lib.any (phase: lib.elem phase [ "unpackPhase" "patchPhase" "configurePhase" "buildPhase" "checkPhase" ]) cut.phases;
in
{
  stdenv,
  stock,
  own,
  from ? null,
  to ? null,
  # The checkpoint that the build takes up, or null.
  checkpoint ? null,
}:
let
  tools = internalTools stdenv;
  # Whether the shim stands in front of compilers in this part.
  intercepts =
    checkpoint != null || to.checkpoint or false || to.cut.inside or false || from.artifacts or null != null;
  stockAttrs = given stock;
  # nixpkgs warns of an override that sets `version` and no `src`.
  attrs = removeAttrs stockAttrs (own ++ lib.optional (!(stockAttrs ? src)) "version");
  dropped = lib.genAttrs (lib.filter (name: stockAttrs ? ${name}) own) (_: null);
in
if from == null && to == null && checkpoint == null then
  if dropped == { } then stock else stock.overrideAttrs (_: attrs // dropped)
else
  stock.overrideAttrs (
    _:
    let
      placed = to != null && early to.cut && !internalAttributes.namesInstallFlags (to.reads or to.cut) attrs;
      # Flags in one string are cut into words, those in a list under __structuredAttrs are not.
      standIn = if builtins.isString (attrs.installFlags or null) then placeholder else [ placeholder ];
      hooks =
        [ ./hooks/cut.sh ]
        ++ lib.optional intercepts ./hooks/intercept.sh
        ++ lib.optional (from ? store || lib.elem "splitphaseSkeleton" (to.outputs or [ ])) ./hooks/skeleton.sh;
      unread = place: if place == null then { } else internalAttributes.unread (place.reads or place.cut) attrs;
    in
    attrs
    // dropped
    // unread to
    # The part does not see what only earlier phases read, so that it is another one only if the snapshot is.
    // lib.optionalAttrs (from ? store) (
      internalAttributes.over from.cut to.reads attrs
      // {
        splitphaseOver = internalAttributes.upTo from.cut;
        splitphaseStore = from.store;
      }
    )
    // {
      postHook = (attrs.postHook or "") + lib.concatMapStrings (hook: "\nsource ${hook}") hooks + "\n";
      splitphaseHelper = tools.helper;
      splitphaseOutputs = stock.outputs;
      # The helper calls zstd by name; the package's own PATH stays what it is in the stock build.
      splitphasePath = tools.zstdPath;
    }
    // lib.optionalAttrs intercepts {
      splitphaseShim = tools.shim;
      splitphaseIntercept = "${./hooks/intercept.bash}";
      splitphasePackage = stock.pname or (builtins.parseDrvName stock.name).name;
      splitphaseSystem = stock.system;
      splitphaseTake = if checkpoint == null then null else "${checkpoint}";
    }
    // lib.optionalAttrs (from ? sources) { splitphaseSources = "${from.sources}"; }
    // lib.optionalAttrs (from != null) {
      splitphaseFrom = describe from.cut;
      splitphaseBase = "${from.snapshot}";
      # What earlier parts did not see and so cannot have changed, as far as the package sets it.
      splitphaseOwn = lib.filter (name: attrs ? ${name}) (lib.attrNames (removeAttrs (unread from) (lib.attrNames (unread to))));
    }
    // lib.optionalAttrs (from != null && !placed) { splitphaseInstallFlags = attrs.installFlags or [ ]; }
    // lib.optionalAttrs (from.artifacts or null != null) { splitphaseArtifacts = "${from.artifacts}"; }
    // lib.optionalAttrs (to != null) (
      # mkDerivation maps over these two, so they cannot be null.
      lib.genAttrs (lib.filter (name: attrs ? ${name}) [ "disallowedReferences" "disallowedRequisites" ]) (_: [ ])
      // lib.optionalAttrs placed { installFlags = standIn; }
      // {
        outputs = (attrs.outputs or [ "out" ]) ++ to.outputs;
        splitphaseTo = if to.checkpoint or false then null else describe to.cut;
      }
      # The evaluation reads what a part leaves, and hashes of its outputs have tokens: both need paths that are known
      # before the build. What the last part makes is addressed as the package wants it.
      // lib.optionalAttrs (stock.drvAttrs.__contentAddressed or false) { __contentAddressed = false; }
      // to.attributes
    )
  )
