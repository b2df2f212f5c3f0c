# Checkpoints of packages that cargo builds: equal to the stock build byte for byte, and what cargo compiled is exactly what is
# said here.
{
  lib,
  pkgs,
  scope,
  ...
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare;
  inherit (scope) prepareCheckpointBuild mkCheckpointBuild;

  hook = pkgs.makeSetupHook { name = "checked-cargo-hook"; } ./cargo-hook.sh;

  package = pkgs.stdenv.mkDerivation {
    pname = "workspace";
    version = "1";
    src = ./fixtures/cargo;
    outputs = [
      "out"
      "log"
    ];
    nativeBuildInputs = [
      pkgs.cargo
      pkgs.rustc
      hook
    ];
    env.NIX_LDFLAGS = "--build-id=none";
  };
  # The same with a buildPhase of its own.
  written = package.overrideAttrs {
    buildPhase = ''
      export APP_GREETING=hello
      runHook preBuild
      cargo build --release --offline 2> >(tee /tmp/build.log >&2)
      runHook postBuild
    '';
  };

  patched = package: edit: package.overrideAttrs (old: { postPatch = (old.postPatch or "") + "\n" + edit; });

  # one NAME { package, base, compiled }: `package` from a checkpoint of `base`, and the packages that cargo compiles.
  one =
    name:
    {
      package,
      base,
      compiled,
    }:
    let
      made = mkCheckpointBuild package (prepareCheckpointBuild base);
      both = [ "out" ];
    in
    lib.nameValuePair "checkpoint-cargo-${name}" (
      pkgs.runCommand "checkpoint-cargo-${name}"
        {
          equal = compare "cargo-${name}" (package // { outputs = both; }) (made // { outputs = both; });
          inherit (made) log;
        }
        ''
          printf '%s' ${lib.escapeShellArg (lib.concatMapStrings (name: "${name}\n") compiled)} > wanted
          diff wanted $log/compiled >&2
          touch $out
        ''
    );

  edited = patched package;
  leaf = edited "echo '// edited' >> app/src/main.rs";
in
lib.mapAttrs' one {
  nothing = {
    inherit package;
    base = package;
    compiled = [ ];
  };
  written = {
    package = patched written "echo '// edited' >> app/src/main.rs";
    base = written;
    compiled = [ "app" ];
  };
  leaf = {
    package = leaf;
    base = package;
    compiled = [ "app" ];
  };
  library = {
    package = edited "echo '// edited' >> shared/shared.rs";
    base = package;
    compiled = [ "app" "plain" ];
  };
  declared = {
    package = edited "echo three >> core/table.txt";
    base = package;
    compiled = [ "app" "core-part" ];
  };
  undeclared = {
    package = edited "echo more >> data/limits.txt; echo more >> data/undeclared.txt";
    base = package;
    compiled = [ "app" "core-part" ];
  };
  vendored = {
    package = edited "echo '// edited' >> vendor/native/src/lib.rs";
    base = package;
    compiled = [ "app" "native" "plain" ];
  };
  # Made from the output path: never carried, and so in neither of two outputs of another hash.
  output = {
    package = (edited "substituteInPlace core/src/inner.rs --replace 7 \"\\\"$out\\\".len() as u32\"");
    base = (edited "substituteInPlace core/src/inner.rs --replace 7 \"\\\"$out\\\".len() as u32\"; echo more >> data/unread.txt");
    compiled = [ "app" "core-part" ];
  };
  chain = {
    package = patched leaf "echo '// edited' >> aside/src/lib.rs";
    base = mkCheckpointBuild leaf (prepareCheckpointBuild package);
    compiled = [ "app" "aside" "plain" ];
  };
}
