# Checkpoints of packages that set buildPhase themselves: equal to the stock build byte for byte, and the log says how many
# objects were taken, or why none.
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

  folder = phase packages.bzip2 "cd ..; make -C $sourceRoot -j$NIX_BUILD_CORES PREFIX=$out; cd $sourceRoot";
  leveldb = (import ./packages.nix { inherit pkgs; }).leveldb;

  # one NAME { package, edit, said }: the first line that the helper says of a build of `package` with this edit, or of `edited`.
  one =
    name:
    {
      package,
      edit ? "",
      said,
      base ? logged package,
      edited ? patched package edit,
    }:
    let
      made = mkCheckpointBuild (logged edited) (prepareCheckpointBuild base);
    in
    says "phase-${name}" { inherit edited made said; };

  patched =
    package: edit:
    package.overrideAttrs (old: {
      postPatch = (old.postPatch or "") + "\n" + edit;
    });
  phase = package: buildPhase: package.overrideAttrs { inherit buildPhase; };

  # What make sees is what it sees in the stock build. Commands behind it write to objects, and to what these were made from.
  shown = pkgs.stdenv.mkDerivation {
    pname = "shown";
    version = "1.0";
    src = pkgs.runCommand "shown-source" { } ''
      mkdir -p $out/sub
      cd $out
      for name in first second third fourth; do
        printf '#include "%s.h"\nint %s(void) { return VALUE; }\n' $name $name > $name.c
        echo '#define VALUE 1' > $name.h
      done
      cat > Makefile <<'END'
      all: first.o second.o third.o fourth.o shown
      	$(MAKE) -C sub
      shown:
      	echo '$(MAKE) $(MAKEFLAGS) $(MAKELEVEL) $(CURDIR) $(PWD)' > $@
      	env | grep -E '^(_|[A-Z]*PATH|PWD|OLDPWD|SHLVL|MAKE[A-Z]*|CFLAGS|TERM|SHELL|HOME)=' >> $@
      %.o: %.c
      	gcc $(CFLAGS) -c -o $@ $<
      END
      printf 'all:\n\techo "$(MAKE) $(MAKELEVEL)" > made\n' > sub/Makefile
    '';
    buildPhase = ''
      runHook preBuild
      make --version > version
      (cd sub; env -C .. make -j$NIX_BUILD_CORES CFLAGS=-O1 < /dev/null 2> ../errors)
      make --dry-run > after
      cp first.o third.o
      sed -i s/VALUE/OTHER/ fourth.h
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      mkdir -p $out
      cp *.o sub/made shown version errors after fourth.h $out
      runHook postInstall
    '';
  };

  # buildPhase is a script of the source, so that an edit of it is none of buildPhase.
  scripted = pkgs.stdenv.mkDerivation {
    pname = "scripted";
    version = "1.0";
    src = pkgs.runCommand "scripted-source" { } ''
      mkdir -p $out/first $out/second
      cd $out
      echo '#define VALUE 1' > second/value.h
      printf '#include <value.h>\n#include <stdio.h>\nint main(void) { printf("%%d\\n", VALUE); return 0; }\n' > main.c
      printf 'program: main.o\n\tgcc -o $@ main.o\n' > Makefile
      printf 'main.o: main.c\n\tgcc $(CFLAGS) -Ifirst -Isecond -c -o $@ main.c\n' >> Makefile
      printf 'PATH=$PATH make -j2\ntrue\n' > build.sh
    '';
    buildPhase = "sh ./build.sh";
    installPhase = "runHook preInstall; mkdir $out; cp program main.o $out; runHook postInstall";
  };

  # The source stays in the store, so an edit gives each file another path.
  stored =
    edit:
    pkgs.stdenv.mkDerivation {
      inherit (leveldb) pname version nativeBuildInputs;
      src = pkgs.runCommand "leveldb-source" { } ''
        mkdir $out
        tar xf ${leveldb.src} -C $out --strip-components=1
        cd $out
        ${edit}
      '';
      dontUnpack = true;
      dontUseCmakeConfigure = true;
      buildPhase = ''
        mkdir build
        cd build
        cmake $src -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=$out -DLEVELDB_BUILD_TESTS=OFF -DLEVELDB_BUILD_BENCHMARKS=OFF
        make -j$NIX_BUILD_CORES VERBOSE=1
      '';
      installPhase = "make install; runHook postInstall";
      env.NIX_LDFLAGS = "--build-id=none";
    };

  # A tool that clears the environment, and one that lets the shim's variable through.
  cleared = phase scripted "env -i PATH=\"$PATH\" sh ./build.sh";
  passed = phase scripted "env -i PATH=\"$PATH\" \${BASH_ENV+BASH_ENV=\"$BASH_ENV\"} sh ./build.sh";

  # again NAME LINE: one more line of build.sh, by which what was taken may be wrong.
  again =
    name: line:
    let
      edited = scripted.overrideAttrs { postPatch = "echo ${lib.escapeShellArg line} >> build.sh"; };
    in
    lib.nameValuePair "checkpoint-phase-again-${name}" (
      compare "checkpoint-phase-again-${name}" edited (mkCheckpointBuild edited (prepareCheckpointBuild scripted))
    );
in
lib.mapAttrs' again {
  call = "touch main.c; make CFLAGS=-O3";
  written = "echo '#define VALUE 2' > second/value.h; gcc -O3 -Isecond -c -o main.o main.c; gcc -o program main.o";
  shadow = "echo '#define VALUE 2' > first/value.h";
  path = "type -P make > program";
}
// lib.mapAttrs' one {
  script = {
    package = scripted;
    edit = "touch new.h";
    said = "1 objects taken from the checkpoint, 0 built anew";
  };
  cleared = {
    package = cleared;
    edit = "touch new.h";
    said = "0 objects taken from the checkpoint, 0 built anew";
  };
  passed = {
    package = passed;
    edit = "touch new.h";
    said = "1 objects taken from the checkpoint, 0 built anew";
  };
  stored = {
    package = stored "";
    edited = stored "echo 'int edited = 1;' >> util/env.cc";
    said = "38 objects taken from the checkpoint, 1 built anew";
  };
  cmake = {
    package = phase (leveldb.override { generator = "Unix Makefiles"; }) "make -j$NIX_BUILD_CORES VERBOSE=1";
    edit = "echo 'int edited = 1;' >> util/env.cc";
    said = "38 objects taken from the checkpoint, 1 built anew";
  };
  make = {
    package = phase packages.zlib "make -j$NIX_BUILD_CORES";
    edit = "echo 'int splitphase_edited;' >> crc32.c";
    said = "32 objects taken from the checkpoint, 2 built anew";
  };
  folder = {
    package = folder;
    edit = "echo 'int splitphase_edited;' >> crctable.c";
    said = "8 objects taken from the checkpoint, 1 built anew";
  };
  # From the checkpoint of a build from a checkpoint.
  chain = rec {
    package = folder;
    edit = "echo 'int splitphase_edited;' >> crctable.c; echo 'int splitphase_edited_too;' >> randtable.c";
    base = mkCheckpointBuild (logged (patched package "echo 'int splitphase_edited;' >> crctable.c")) (
      prepareCheckpointBuild (logged package)
    );
    said = "8 objects taken from the checkpoint, 1 built anew";
  };
  variable = {
    package = phase packages.xxhash ''
      runHook preBuild
      CFLAGS=-O1 make PREFIX=$out
      runHook postBuild
    '';
    edit = "echo 'int splitphase_edited;' >> xxhash.c";
    said = "5 objects taken from the checkpoint, 1 built anew";
  };
  ninja = {
    package = phase packages.fribidi ''
      runHook preBuild
      cd ..
      ninja -C build -j$NIX_BUILD_CORES -v
      cd build
      runHook postBuild
    '';
    edit = "echo 'int splitphase_edited;' >> lib/fribidi-joining.c";
    said = "40 objects taken from the checkpoint, 1 built anew";
  };
  meson = {
    package = phase packages.fribidi "runHook preBuild; meson compile; runHook postBuild";
    edit = "echo 'int splitphase_edited;' >> lib/fribidi-joining.c";
    said = "40 objects taken from the checkpoint, 1 built anew";
  };
  twice = {
    package = phase packages.xxhash "make PREFIX=$out libxxhash.a; make -j$NIX_BUILD_CORES PREFIX=$out";
    edit = "echo 'int splitphase_edited;' >> xxhash.c";
    said = "5 objects taken from the checkpoint, 1 built anew";
  };
  # What is called before and compiles nothing, is like any other command.
  before = {
    package = phase packages.zlib "make -f Makefile clean; X=1 make zconf.h; make -j$NIX_BUILD_CORES";
    edit = "echo 'int splitphase_edited;' >> crc32.c";
    said = "32 objects taken from the checkpoint, 2 built anew";
  };
  # No build tool at all: a loop of the shell. lua.c is compiled and linked in one call, which stays the compiler's.
  loop = {
    package = packages.lua;
    edit = "echo 'int splitphase_edited;' >> src/lapi.c";
    said = "31 objects taken from the checkpoint, 1 built anew";
  };
  behind = {
    package = shown;
    edit = "echo 'int edited;' >> first.c";
    said = "3 objects taken from the checkpoint, 1 built anew";
  };
}
