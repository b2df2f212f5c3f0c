/**
  Small derivations about a package's actions: `artifacts`, a file with their outputs' paths; `report`, a folder with
  report.txt and report.json; and `keep`, a file that refers to all that makes the next edit fast.
*/
{
  lib,
  internalTools,
  ...
}:
{
  stdenv,
  name,
  prepare,
  manifest,
  actions,
  skeleton,
}:
let
  tools = internalTools stdenv;
  raw =
    attrs:
    derivation (
      {
        inherit (tools) system;
        builder = tools.shell;
        PATH = tools.path;
      }
      // attrs
    );
in
rec {
  artifacts = raw {
    name = "${name}-artifacts";
    text = lib.concatMapStrings (action: "${action}\n") actions;
    passAsFile = [ "text" ];
    args = [
      "-ec"
      "cp $textPath $out; exit 0"
    ];
  };

  keep = raw {
    name = "${name}-keep";
    text = lib.concatMapStrings (path: "${path}\n") (
      [ prepare.splitphaseManifest prepare.splitphaseSnapshot prepare.splitphasePacks ]
      ++ skeleton.keep
      ++ lib.optional (actions != [ ]) artifacts
    );
    passAsFile = [ "text" ];
    args = [
      "-ec"
      "cp $textPath $out; exit 0"
    ];
  };

  report =
    raw {
      name = "${name}-report";
      manifest = builtins.toJSON manifest;
      configure = builtins.toJSON skeleton.about;
      passAsFile = [ "manifest" "configure" ];
      inherit (tools) helper;
      artifacts = if actions == [ ] then "" else "${artifacts}";
      args = [
        "-ec"
        "$helper report --manifest $manifestPath --configure $configurePath \${artifacts:+--artifacts $artifacts} --target $out; exit 0"
      ];
    };
}
