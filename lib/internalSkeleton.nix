/**
  Configure once: parts that unpack, patch and configure a package in such a way that an edit to what configure does not
  read does not run configure again.

  `sources` unpacks and patches. Beside the snapshot of that it leaves a skeleton: the same tree, in which most sources and
  documentation have no content. `configured` takes up the skeleton, which is content-addressed, and is configured, while the
  helper sees which blanked files are opened. If any is, then these get their content and the package is configured once
  more; if that does not do either, the package is configured after each edit as it is in the stock build.

  # Result

  `from`: where the next part takes up the build, null where it does everything itself. `about`: what to say in the report.
  `parts`: those that are used. `keep`: what makes the next edit fast.
*/
{
  lib,
  internalAttributes,
  internalPart,
  internalRead,
  internalTools,
  ...
}:
{
  stdenv,
  stock,
  own,
}:
let
  version = 1;
  tools = internalTools stdenv;
  attrs = stock.drvAttrs;
  unpacked = {
    phases = [ "patchPhase" ];
    inside = false;
  };
  made = {
    phases = [ "configurePhase" ];
    inside = false;
  };
  # Hooks of these phases may change what the next ones read, so all of that is there.
  reads.phases = [ "buildPhase" ];

  sources = internalPart {
    inherit stdenv stock own;
    to = {
      inherit reads;
      cut = unpacked;
      outputs = [
        "splitphaseSnapshot"
        "splitphaseSkeleton"
      ];
      attributes.splitphaseKeep = attrs.splitphaseKeep or [ ];
    };
  };

  # What a part or the helper says of a skeleton.
  said =
    folder:
    internalRead {
      inherit (stock) name;
      inherit version;
      what = "skeleton";
      step = "unpacks and configures it";
    } "${folder}/said.json";

  skeleton =
    whole:
    if whole == [ ] then
      sources.splitphaseSkeleton
    else
      derivation {
        name = "${stock.name}-skeleton";
        inherit (tools) system helper;
        builder = tools.shell;
        PATH = tools.path;
        sources = "${sources.splitphaseSnapshot}";
        whole = builtins.toJSON whole;
        passAsFile = [ "whole" ];
        args = [
          "-ec"
          "$helper skeleton --sources $sources --whole $wholePath --target $out; exit 0"
        ];
      };

  # Configure with these files whole: { problem, opened, blanked, part }.
  configure =
    whole:
    let
      archive = said (skeleton whole);
      part = internalPart {
        inherit stdenv stock own;
        from = {
          inherit reads;
          cut = unpacked;
          snapshot = builtins.path {
            # The context is lost, and `skeleton` has been built.
            path = builtins.unsafeDiscardStringContext archive.archive;
            name = "skeleton";
            recursive = false;
            inherit (archive) sha256;
          };
          # Valid wherever the skeleton is, which refers to them.
          store = map (path: builtins.appendContext path { ${path}.path = true; }) archive.store;
          artifacts = null;
        };
        to = {
          inherit reads;
          cut = made;
          outputs = [
            "splitphaseSnapshot"
            "splitphaseSaid"
          ];
          attributes.splitphaseKeep = attrs.splitphaseKeep or [ ];
        };
      };
    in
    if archive.problem != "" then
      {
        inherit (archive) problem;
        opened = [ ];
        blanked = 0;
      }
    else
      said part.splitphaseSaid // { inherit part; };

  first = configure [ ];
  second = configure first.opened;
  chosen = if first.opened == [ ] then first else second;
  read = lib.length first.opened;
  problem =
    if read > first.blanked then
      "configure reads ${toString read} sources and texts, and ${toString first.blanked} not"
    else if chosen.problem != "" then
      chosen.problem
    else if chosen.opened != [ ] then
      "configure opens other files in its second run: ${lib.concatStringsSep ", " (lib.take 5 chosen.opened)}"
    else
      "";

  # Seen from its attributes.
  unwanted =
    if attrs.objcacheSkeleton or null == false then
      "objcacheSkeleton is false"
    else if attrs.dontConfigure or false != false || attrs.dontUnpack or false != false then
      "it has no configurePhase or unpackPhase"
    else if !lib.all (name: attrs ? ${name} -> internalAttributes.over unpacked reads attrs ? ${name}) [ "src" "srcs" ] then
      "a later phase reads $src, or unpacks, or it is no store path"
    else
      "";
  reason = if unwanted != "" then unwanted else problem;
in
{
  from =
    if reason != "" then
      null
    else
      {
        inherit reads;
        cut = made;
        snapshot = chosen.part.splitphaseSnapshot;
        sources = sources.splitphaseSnapshot;
        artifacts = null;
      };
  parts = lib.optionals (reason == "") [
    sources
    chosen.part
  ];
  keep = lib.optionals (unwanted == "") (
    [
      sources.splitphaseSnapshot
      sources.splitphaseSkeleton
    ]
    ++ lib.concatMap (run: lib.optionals (run ? part) [ run.part.splitphaseSnapshot run.part.splitphaseSaid ]) (
      [ first ] ++ lib.optional (first.opened != [ ]) second
    )
    ++ lib.optional (first.opened != [ ]) (skeleton first.opened)
  );
  about = {
    once = reason == "";
    inherit reason;
    whole = if unwanted != "" then [ ] else first.opened;
  };
}
