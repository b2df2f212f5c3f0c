# What the helper says of a build from a checkpoint, and that the build equals the stock one: shared by the checks of checkpoints.
{
  lib,
  pkgs,
  scope,
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare;
in
{
  # An output of its own for the lines that say what was taken: all that is printed between two phases, outside of the tree.
  logged =
    package:
    package.overrideAttrs (old: {
      outputs = (old.outputs or [ "out" ]) ++ [ "log" ];
      preBuildPhases = [ "beginLog" ];
      preInstallPhases = [ "endLog" ];
      beginLog = "exec 8>&1 9>&2 > >(tee /tmp/build.log) 2>&1";
      endLog = "exec 1>&8 2>&9";
      postInstall = (old.postInstall or "") + "\n" + ''
        mkdir -p $log
        sleep 0.2
        grep '^splitphase: ' /tmp/build.log | sed 's/ in [0-9.]* s//' > $log/said
      '';
    });

  # says NAME { edited, made, said, compiled }: `made`, which is logged, equals the package `edited`; the first line that the
  # server says of it is `said`; and these sources are compiled. What is null is not looked at.
  says =
    name:
    {
      edited,
      made,
      said ? null,
      compiled ? null,
    }:
    lib.nameValuePair "checkpoint-${name}" (
      pkgs.runCommand "checkpoint-${name}"
        {
          equal = compare "checkpoint-${name}" edited (made // { inherit (edited) outputs; });
          log = made.log;
        }
        ''
          cat $log/said
          ${lib.optionalString (said != null) ''[ "$(head -n 1 $log/said)" = ${lib.escapeShellArg "splitphase: ${said}"} ]''}
          ${lib.optionalString (compiled != null) ''
            printf '%s' ${lib.escapeShellArg (lib.concatMapStrings (file: "${file}\n") compiled)} > wanted
            sed -n 's/^splitphase: compiled //p' $log/said | diff wanted - >&2
          ''}
          touch $out
        ''
    );
}
