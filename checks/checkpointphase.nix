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
  inherit (scope) prepareCheckpointBuild mkCheckpointBuild;
  packages = import ./buildtools.nix { inherit pkgs; };

  # An output of its own for the lines that say what was taken: all that is printed between two phases.
  logged =
    package:
    package.overrideAttrs (old: {
      outputs = (old.outputs or [ "out" ]) ++ [ "log" ];
      preBuildPhases = [ "beginLog" ];
      preInstallPhases = [ "endLog" ];
      beginLog = ''exec 3>&1 4>&2 > >(tee "$NIX_BUILD_TOP/build.log") 2>&1'';
      endLog = "exec 1>&3 2>&4";
      postInstall = (old.postInstall or "") + "\n" + ''
        mkdir -p $log
        sleep 0.2
        grep '^splitphase: ' "$NIX_BUILD_TOP/build.log" | sed 's/ in [0-9.]* s//' > $log/said
      '';
    });

  # one NAME { package, edit, said }: the first line that the helper says of a build of `package` with this edit.
  one =
    name:
    {
      package,
      edit,
      said,
    }:
    let
      edited = package.overrideAttrs (old: {
        postPatch = (old.postPatch or "") + "\n" + edit;
      });
      made = mkCheckpointBuild (logged edited) (prepareCheckpointBuild (logged package));
    in
    lib.nameValuePair "checkpoint-phase-${name}" (
      pkgs.runCommand "checkpoint-phase-${name}"
        {
          equal = compare "checkpoint-phase-${name}" edited (made // { inherit (edited) outputs; });
          log = made.log;
          inherit said;
        }
        ''
          cat $log/said
          case "$(head -n 1 $log/said)" in
            "splitphase: $said"*) touch $out ;;
            *) exit 1 ;;
          esac
        ''
    );
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
      	env | sort >> $@
      %.o: %.c
      	gcc $(CFLAGS) -c -o $@ $<
      END
      printf 'all:\n\techo "$(MAKE) $(MAKELEVEL)" > made\n' > sub/Makefile
    '';
    buildPhase = ''
      runHook preBuild
      make --version > version
      (cd sub; env -C .. make -j$NIX_BUILD_CORES CFLAGS=-O1 < /dev/null > ../printed 2> ../errors)
      make --dry-run > after
      cp first.o third.o
      sed -i s/VALUE/OTHER/ fourth.h
      runHook postBuild
    '';
    installPhase = ''
      mkdir -p $out
      cp *.o sub/made shown version printed errors after fourth.h $out
    '';
  };
in
lib.mapAttrs' one {
  make = {
    package = phase packages.zlib "make -j$NIX_BUILD_CORES";
    edit = "echo 'int splitphase_edited;' >> crc32.c";
    said = "32 objects taken from the checkpoint, 2 built anew";
  };
  folder = {
    package = phase packages.bzip2 "cd ..; make -C $sourceRoot -j$NIX_BUILD_CORES PREFIX=$out; cd $sourceRoot";
    edit = "echo 'int splitphase_edited;' >> crctable.c";
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
    package = phase packages.fribidi "meson compile";
    edit = "echo 'int splitphase_edited;' >> lib/fribidi-joining.c";
    said = "40 objects taken from the checkpoint, 1 built anew";
  };
  twice = {
    package = phase packages.hello "make -C lib; make";
    edit = "echo 'int splitphase_edited;' >> src/hello.c";
    said = "built anew: the checkpoint has no objects: buildPhase calls a build tool for more than one build: make -C lib; make";
  };
  never = {
    package = packages.lua;
    edit = "echo 'int splitphase_edited;' >> src/lapi.c";
    said = "built anew: the checkpoint has no objects: buildPhase is the package's own, and calls none of make ninja cargo by its name";
  };
  behind = {
    package = shown;
    edit = "echo 'int edited;' >> first.c";
    said = "1 objects taken from the checkpoint, 3 built anew";
  };
}
