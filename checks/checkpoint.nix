# Checkpoints: built from an earlier build's objects, a package equals its stock build byte for byte, and what is compiled
# is exactly what is said here.
{
  lib,
  pkgs,
  scope,
  packages,
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare;
  inherit (import ./taken.nix { inherit lib pkgs scope; }) logged says;
  inherit (scope) prepareCheckpointBuild mkCheckpointBuild;

  # one NAME { package, base, compiled }: `package` from a checkpoint of `base`; `compiled` null: all of it.
  one =
    name:
    {
      package,
      base,
      compiled,
    }:
    says name {
      edited = package;
      made = mkCheckpointBuild (logged package) (prepareCheckpointBuild (if base ? log then base else logged base));
      inherit compiled;
      said = if compiled == null then "0 objects taken from the checkpoint, 39 built anew" else null;
    };

  patched = package: edit: package.overrideAttrs (old: { postPatch = (old.postPatch or "") + "\n" + edit; });

  cases =
    package:
    let
      edited = patched package;
    in
    {
      nothing = {
        inherit package;
        base = package;
        compiled = [ ];
      };
      one-line = {
        package = edited "echo 'int edited = 1;' >> util/env.cc";
        base = package;
        compiled = [ "util/env.cc" ];
      };
      header = {
        package = edited "echo '#define EDITED 1' >> util/histogram.h; echo '#define EDITED 1' >> db/builder.h";
        base = package;
        compiled = [ "db/builder.cc" "db/db_impl.cc" "db/repair.cc" ];
      };
      # A header that is found before the one that was: seen by nobody but those that look for its name.
      shadow = {
        package = edited "mkdir leveldb; sed 's/kNoCompression/kNoCompression_/' include/leveldb/dumpfile.h > leveldb/dumpfile.h";
        base = package;
        compiled = [ "db/dumpfile.cc" "db/leveldbutil.cc" ];
      };
      install = {
        package = package.overrideAttrs { postInstall = "echo edited > $out/edited"; };
        base = package;
        compiled = [ ];
      };
      source = {
        package = edited "echo 'int edited = 1;' > util/edited.cc; echo 'target_sources(leveldb PRIVATE util/edited.cc)' >> CMakeLists.txt";
        base = package;
        compiled = [ "util/edited.cc" ];
      };
      deleted = {
        package = edited "rm db/c.cc; sed -i '/db\\/c.cc/d' CMakeLists.txt";
        base = package;
        compiled = [ ];
      };
      flags = {
        package = package.overrideAttrs { env.NIX_LDFLAGS = "--build-id=none"; env.NIX_CFLAGS_COMPILE = "-O1"; };
        base = package;
        compiled = null;
      };
      chain = {
        package = edited "echo 'int edited = 2;' >> util/env.cc; echo 'int edited_too = 2;' >> db/c.cc";
        base = mkCheckpointBuild (logged (edited "echo 'int edited = 1;' >> util/env.cc; echo 'int edited_too = 2;' >> db/c.cc")) (
          prepareCheckpointBuild (logged package)
        );
        compiled = [ "util/env.cc" ];
      };
    };

  generators = {
    ninja = "Ninja";
    make = "Unix Makefiles";
  };

  # A build that must fail with a message.
  fails =
    name: message: package:
    lib.nameValuePair "checkpoint-fails-${name}" (
      pkgs.runCommand "checkpoint-fails-${name}" { inherit message; } ''
        if ${scope.splitphase}/bin/splitphase serve --top "$NIX_BUILD_TOP" --output out=$out --scratch . --package leveldb \
          --system ${pkgs.stdenv.buildPlatform.system} --take ${package} 2> error; then
          echo "error: no error" >&2
          exit 1
        fi
        cat error
        grep -F "$message" error
        grep '^hint: ' error
        touch $out
      ''
    );
  # Together with other ways to cut the package.
  composed =
    name: change:
    let
      edited = patched packages.leveldb "echo 'int edited = 1;' >> util/env.cc";
    in
    lib.nameValuePair "checkpoint-${name}" (compare "checkpoint-${name}" edited (change edited));

  checkpoint = prepareCheckpointBuild (packages.leveldb.override { generator = "Ninja"; });
  changed =
    edit:
    pkgs.runCommand "changed-checkpoint" { } ''
      cp -r ${checkpoint} $out
      chmod -R u+w $out
      cd $out
      ${edit}
    '';
in
lib.listToAttrs (
  lib.concatLists (
    lib.mapAttrsToList (
      short: generator:
      lib.mapAttrsToList (name: one "${name}-${short}") (
        cases (
          packages.leveldb.override {
            inherit generator;
            outputs = [
              "out"
              "dev"
            ];
          }
        )
      )
    ) generators
  )
  ++ [
    (composed "split" (edited: scope.splitBuildInstall (mkCheckpointBuild edited checkpoint)))
    (composed "phases" (edited: mkCheckpointBuild (scope.splitPhases { after = [ "unpack" "configure" ]; } edited) checkpoint))
    (fails "truncated" "damaged checkpoint" (changed "truncate --size=1000 index.json"))
    (fails "missing" "damaged checkpoint" (changed "rm index.json"))
    (fails "package" "checkpoint of another package: of snappy" (changed ''sed -i 's/"package":"leveldb"/"package":"snappy"/' index.json''))
    (fails "system" "checkpoint of another system: of riscv64-linux" (
      changed ''sed -i 's/"system":"[^"]*"/"system":"riscv64-linux"/' index.json''
    ))
    (fails "version" "is of splitphase 0.0.0" (changed ''sed -i 's/"splitphase":"[^"]*"/"splitphase":"0.0.0"/' index.json''))
  ]
)
