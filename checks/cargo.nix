# Checkpoints of packages that cargo builds: equal to the stock build byte for byte, and the crates that rustc compiled are exactly
# those said here, by their first source.
{
  lib,
  pkgs,
  scope,
  ...
}:
let
  inherit (import ./taken.nix { inherit lib pkgs scope; }) logged says;
  inherit (scope) prepareCheckpointBuild mkCheckpointBuild;

  hook = pkgs.makeSetupHook { name = "checked-cargo-hook"; } ./cargo-hook.sh;

  package = pkgs.stdenv.mkDerivation {
    pname = "workspace";
    version = "1";
    src = ./fixtures/cargo;
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
      cargo build --release --offline
      runHook postBuild
    '';
  };

  patched = package: edit: package.overrideAttrs (old: { postPatch = (old.postPatch or "") + "\n" + edit; });

  # one NAME { package, base, compiled }: `package` from a checkpoint of `base`, and what is compiled.
  one =
    name:
    {
      package,
      base,
      compiled,
    }:
    says "cargo-${name}" {
      edited = package;
      made = mkCheckpointBuild (logged package) (prepareCheckpointBuild (if base ? log then base else logged base));
      inherit compiled;
    };

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
    compiled = [ "app/src/main.rs" ];
  };
  leaf = {
    package = leaf;
    base = package;
    compiled = [ "app/src/main.rs" ];
  };
  library = {
    package = edited "echo '// edited' >> shared/shared.rs";
    base = package;
    compiled = [ "app/src/main.rs" "plain/src/lib.rs" ];
  };
  declared = {
    package = edited "echo three >> core/table.txt";
    base = package;
    compiled = [ "app/src/main.rs" "core/src/lib.rs" ];
  };
  undeclared = {
    package = edited "echo more >> data/limits.txt; echo more >> data/undeclared.txt";
    base = package;
    compiled = [ "app/src/main.rs" "core/src/lib.rs" ];
  };
  vendored = {
    package = edited "echo '// edited' >> vendor/native/src/lib.rs";
    base = package;
    compiled = [ "app/src/main.rs" "plain/src/lib.rs" "vendor/native/src/lib.rs" ];
  };
  # Made from the output path: never carried, and so in neither of two outputs of another hash.
  output = {
    package = (edited "substituteInPlace core/src/inner.rs --replace 7 \"\\\"$out\\\".len() as u32\"");
    base = (edited "substituteInPlace core/src/inner.rs --replace 7 \"\\\"$out\\\".len() as u32\"; echo more >> data/unread.txt");
    compiled = [ "app/src/main.rs" "core/src/lib.rs" ];
  };
  chain = {
    package = patched leaf "echo '// edited' >> aside/src/lib.rs";
    base = mkCheckpointBuild (logged leaf) (prepareCheckpointBuild (logged package));
    compiled = [ "app/src/main.rs" "aside/src/lib.rs" "plain/src/lib.rs" ];
  };
}
