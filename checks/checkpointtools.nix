# Checkpoints of real packages over other build tools than CMake: one line of one source edited, equal byte for byte to the
# stock build, and the log says how many objects were taken and how many were compiled. And packages whose folder, version or
# other inputs changed.
{
  lib,
  pkgs,
  scope,
  ...
}:
let
  inherit (import ./compare.nix { inherit pkgs scope; }) compare;
  inherit (import ./taken.nix { inherit lib pkgs scope; }) logged says;
  inherit (scope) prepareCheckpointBuild mkCheckpointBuild;
  packages = import ./buildtools.nix { inherit pkgs; };
  sources = lib.importJSON ./sources.json;
  inherit (import ./packages.nix { inherit pkgs; }) leveldb;

  # one NAME { edit, said }: the first line that the helper says of a build with this edit, or other attributes.
  one =
    name:
    {
      edit ? "",
      said,
      package ? packages.${name},
      change ? (old: { postPatch = (old.postPatch or "") + "\n" + edit; }),
    }:
    let
      edited = package.overrideAttrs change;
      made = mkCheckpointBuild (logged edited) (prepareCheckpointBuild (logged package));
    in
    says name { inherit edited made said; };

  # A command that nothing declares writes a header, which is found before the one that was there.
  shadowed = pkgs.stdenv.mkDerivation {
    pname = "shadowed";
    version = "1.0";
    src = pkgs.runCommand "shadowed-source" { } ''
      mkdir -p $out/first $out/second
      cd $out
      echo '#define VALUE 1' > second/value.h
      printf '#include <value.h>\n#include <stdio.h>\nint main(void) { printf("%%d\\n", VALUE); return 0; }\n' > main.c
      echo 'true' > make.sh
      printf 'program: made main.o\n\tgcc -o $@ main.o\nmade:\n\tsh make.sh\n\ttouch $@\n' > Makefile
      printf 'main.o: main.c | made\n\tgcc -Ifirst -Isecond -c -o $@ main.c\n' >> Makefile
      printf 'install:\n\tmkdir -p $(prefix)/bin\n\tcp program $(prefix)/bin\n' >> Makefile
    '';
    installFlags = [ "prefix=$(out)" ];
  };
  shadowing = shadowed.overrideAttrs { postPatch = "echo 'echo \"#define VALUE 2\" > first/value.h' > make.sh"; };

  # Another version, unpacked into another folder.
  moved = old: {
    version = "${old.version}.90";
    postUnpack = (old.postUnpack or "") + "\n" + ''
      mv "$sourceRoot" another-folder
      sourceRoot=another-folder
    '';
  };

  # Headers of another package: one object reads them, one does not, and one only asks whether there is a header of that name.
  headers =
    value:
    pkgs.runCommand "headers-${toString value}" { } ''
      mkdir -p $out/include
      echo '#define DEPENDENCY ${toString value}' > $out/include/dependency.h
    '';
  depending = pkgs.stdenv.mkDerivation {
    pname = "depending";
    version = "1.0";
    src = pkgs.runCommand "depending-source" { } ''
      mkdir $out
      cd $out
      printf '#include <stdio.h>\n#include <dependency.h>\nint main(void) { printf("%%d\\n", DEPENDENCY); return 0; }\n' > main.c
      printf '#if __has_include(<other.h>)\nint other = 1;\n#endif\nint asks;\n' > asks.c
      printf 'int alone;\n' > alone.c
      printf 'program: main.o asks.o alone.o\n\tgcc -o $@ main.o asks.o alone.o\n%%.o: %%.c\n\tgcc -c -o $@ $<\n' > Makefile
      printf 'install:\n\tmkdir -p $(prefix)/bin\n\tcp program $(prefix)/bin\n' >> Makefile
    '';
    buildInputs = [ (headers 1) ];
    installFlags = [ "prefix=$(out)" ];
  };
  others = pkgs.runCommand "others" { } "mkdir -p $out/include; touch $out/include/other.h";
in
{
  checkpoint-starts-again = compare "checkpoint-starts-again" shadowing (
    mkCheckpointBuild shadowing (prepareCheckpointBuild shadowed)
  );
}
// lib.mapAttrs' one {
  leveldb-moved = {
    package = leveldb;
    change = moved;
    said = "39 objects taken from the checkpoint, 0 built anew";
  };
  zlib-moved = {
    package = packages.zlib;
    change = moved;
    said = "34 objects taken from the checkpoint, 0 built anew";
  };
  fribidi-moved = {
    package = packages.fribidi;
    change = moved;
    said = "41 objects taken from the checkpoint, 0 built anew";
  };
  hello-moved = {
    package = packages.hello;
    # The output's name is part of each command (LOCALEDIR), so the version stays; debug information names the folder.
    change = old: removeAttrs (moved old) [ "version" ];
    said = "0 objects taken from the checkpoint, 21 built anew";
  };
  input-differs = {
    package = depending;
    change.buildInputs = [ (headers 2) ];
    said = "2 objects taken from the checkpoint, 1 built anew";
  };
  input-new = {
    package = depending;
    change = old: { buildInputs = old.buildInputs ++ [ others ]; };
    said = "2 objects taken from the checkpoint, 1 built anew";
  };
  # Programs in one folder link a library of another, so that make cannot say in a dry run what it would do.
  popt = {
    package = pkgs.stdenv.mkDerivation {
      pname = "popt";
      inherit (sources.popt) version;
      src = import ./source.nix sources.popt;
      outputs = [
        "out"
        "dev"
      ];
      env.NIX_LDFLAGS = "--build-id=none";
    };
    edit = "echo 'int splitphase_edited;' >> src/popthelp.c";
    said = "8 objects taken from the checkpoint, 1 built anew";
  };
  hello = {
    edit = "echo 'int splitphase_edited;' >> src/hello.c";
    said = "20 objects taken from the checkpoint, 1 built anew";
  };
  zlib = {
    edit = "echo 'int splitphase_edited;' >> crc32.c";
    said = "32 objects taken from the checkpoint, 2 built anew";
  };
  libogg = {
    edit = "echo 'int splitphase_edited;' >> src/bitwise.c";
    said = "2 objects taken from the checkpoint, 2 built anew";
  };
  pkgconf = {
    edit = "echo 'int splitphase_edited;' >> libpkgconf/audit.c";
    said = "16 objects taken from the checkpoint, 1 built anew";
  };
  fribidi = {
    edit = "echo 'int splitphase_edited;' >> lib/fribidi-joining.c";
    said = "40 objects taken from the checkpoint, 1 built anew";
  };
  bzip2 = {
    edit = "echo 'int splitphase_edited;' >> crctable.c";
    said = "8 objects taken from the checkpoint, 1 built anew";
  };
  xxhash = {
    edit = "echo 'int splitphase_edited;' >> xxhash.c";
    said = "5 objects taken from the checkpoint, 1 built anew";
  };
}
