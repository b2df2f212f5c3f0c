/**
  Two small derivations about a package's actions: `artifacts`, a file with their outputs' paths, and `report`, a folder
  with report.txt and report.json.
*/
{
  lib,
  internalTools,
  ...
}:
{
  stdenv,
  name,
  manifest,
  actions,
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
{
  artifacts = raw {
    name = "${name}-artifacts";
    text = lib.concatMapStrings (action: "${action}\n") actions;
    passAsFile = [ "text" ];
    args = [
      "-ec"
      "cp $textPath $out; exit 0"
    ];
  };

  report =
    artifacts:
    raw {
      name = "${name}-report";
      manifest = builtins.toJSON manifest;
      passAsFile = [ "manifest" ];
      inherit (tools) helper;
      artifacts = if actions == [ ] then "" else "${artifacts}";
      args = [
        "-ec"
        "$helper report --manifest $manifestPath \${artifacts:+--artifacts $artifacts} --target $out; exit 0"
      ];
    };
}
