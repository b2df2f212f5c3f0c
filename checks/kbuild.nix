# Checkpoints of a kbuild tree: busybox equals its stock build byte for byte, and what is compiled is exactly what is said
# here.
{
  lib,
  pkgs,
  scope,
  ...
}:
let
  inherit (import ./taken.nix { inherit lib pkgs scope; }) logged says;
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

  checkpoint = prepareCheckpointBuild (logged busybox);

  # one NAME { change, compiled }
  one =
    name:
    {
      change,
      compiled,
      said ? null,
    }:
    let
      edited = busybox.overrideAttrs change;
    in
    says "kbuild-${name}" {
      inherit edited compiled said;
      made = mkCheckpointBuild (logged edited) checkpoint;
    };
in
lib.mapAttrs' one {
  nothing = {
    change = { };
    compiled = [ ];
  };
  one-line = {
    change.postPatch = "echo 'int edited(void); int edited(void) { return 1; }' >> coreutils/cat.c";
    compiled = [ "coreutils/cat.c" ];
  };
  written = {
    change.postPatch = "echo 'int edited(void); int edited(void) { return 1; }' >> coreutils/cat.c";
    change.buildPhase = "runHook preBuild; make -j$NIX_BUILD_CORES; runHook postBuild";
    compiled = [ "coreutils/cat.c" ];
  };
  # A symbol: every source reads the header with all of them.
  symbol = {
    change.preConfigure = "symbol=CONFIG_FEATURE_FANCY_HEAD";
    compiled = null;
    said = "0 objects taken from the checkpoint, 161 built anew";
  };
  # What the build itself runs.
  rules = {
    change.postPatch = "echo '# edited' >> scripts/trylink";
    compiled = [ ];
  };
}
