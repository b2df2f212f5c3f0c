# Checkpoints of a kbuild tree: busybox equals its stock build byte for byte, and what is compiled is exactly what is said
# here. applets/applets.c is part of what `make prepare` makes, and so compiled each time.
{
  lib,
  pkgs,
  scope,
  ...
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare;
  inherit (scope) prepareCheckpointBuild mkCheckpointBuild;
  source = (lib.importJSON ./sources.json).busybox;

  busybox = pkgs.stdenv.mkDerivation {
    pname = "busybox";
    inherit (source) version;
    src = import ./source.nix source;
    enableParallelBuilding = true;
    # As nixpkgs does it.
    configurePhase = ''
      runHook preConfigure
      export KCONFIG_NOTIMESTAMP=1
      cp ${./busybox.config} .config
      chmod u+w .config
      if [ -n "''${symbol:-}" ]; then sed -i "s/^# $symbol is not set/$symbol=y/" .config; fi
      make oldconfig < /dev/null
      runHook postConfigure
    '';
    installPhase = ''
      runHook preInstall
      mkdir -p $out/bin
      cp busybox $out/bin
      runHook postInstall
    '';
    env.NIX_LDFLAGS = "--build-id=none";
  };

  # A package that keeps the names of the objects that it compiles, in an output of their own.
  logged = busybox.overrideAttrs (old: {
    outputs = [
      "out"
      "log"
    ];
    preBuild = ''
      exec 3>&1 4>&2 > >(tee "$NIX_BUILD_TOP/build.log") 2>&1
    '';
    postBuild = ''
      exec 1>&3 2>&4
    '';
    postInstall = ''
      mkdir -p $log
      sleep 0.2
      cp "$NIX_BUILD_TOP/build.log" $log/log
      sed -n 's,^ *CC  *,,p' "$NIX_BUILD_TOP/build.log" | sort > $log/compiled
    '';
  });

  checkpoint = prepareCheckpointBuild logged;

  # one NAME { change, compiled, said }: `compiled` null: all of it, for the reason `said`.
  one =
    name:
    {
      change,
      compiled,
      base ? checkpoint,
      said ? "objects taken from the checkpoint",
    }:
    let
      made = mkCheckpointBuild (logged.overrideAttrs change) base;
    in
    lib.nameValuePair "checkpoint-kbuild-${name}" (
      pkgs.runCommand "checkpoint-kbuild-${name}"
        {
          equal = compare "kbuild-${name}" (busybox.overrideAttrs change) (made // { outputs = [ "out" ]; });
          inherit (made) log;
          inherit said;
        }
        ''
          grep -F "$said" $log/log
          ${
            if compiled == null then
              ''[ "$(wc -l < $log/compiled)" -gt 100 ]''
            else
              ''
                printf '%s' ${lib.escapeShellArg (lib.concatMapStrings (file: "${file}\n") compiled)} > wanted
                diff wanted $log/compiled >&2
              ''
          }
          touch $out
        ''
    );
in
lib.mapAttrs' one {
  nothing = {
    change = { };
    compiled = [ "applets/applets.o" ];
  };
  one-line = {
    change.postPatch = "echo 'int edited(void); int edited(void) { return 1; }' >> coreutils/cat.c";
    compiled = [
      "applets/applets.o"
      "coreutils/cat.o"
    ];
  };
  # What `make prepare` compiles and says is printed behind buildPhase.
  written = rec {
    change.postPatch = "echo 'int edited(void); int edited(void) { return 1; }' >> coreutils/cat.c";
    change.buildPhase = "runHook preBuild; make -j$NIX_BUILD_CORES; runHook postBuild";
    base = prepareCheckpointBuild (logged.overrideAttrs { inherit (change) buildPhase; });
    compiled = [ "coreutils/cat.o" ];
    said = "";
  };
  # A symbol that one file names; another one reads the text of all usages.
  symbol = {
    change.preConfigure = "symbol=CONFIG_FEATURE_FANCY_HEAD";
    compiled = [
      "applets/applets.o"
      "coreutils/head.o"
      "libbb/appletlib.o"
    ];
  };
  rules = {
    change.postPatch = "echo '# edited' >> scripts/trylink";
    compiled = null;
    said = "scripts/trylink differs: programs that the build runs are made from it";
  };
}
