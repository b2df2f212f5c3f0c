# The packages of dev/survey, each as nixpkgs writes it (less what this machine's tools do not have), and what is built of one:
# the stock build, the split one, both compared, or the stock build with a compiler that is counted.
{
  nixpkgs ? ../tests/hostpkgs,
  system ? builtins.currentSystem,
  # Compiled into nothing, but part of every command: a new salt makes every compile a new one.
  salt ? "0",
  edit ? false,
}:
let
  pkgs = import nixpkgs { inherit system; };
  inherit (pkgs) lib;
  scope = (import ../lib { inherit lib; }).mkLib pkgs;
  sources = lib.importJSON ../checks/sources.json;
  cmake = import ../checks/packages.nix { inherit pkgs; };
  # The stand-in has no package of its own for these; there they are the machine's.
  tool = name: pkgs.${name} or (pkgs.hostBins name name);
  tcl = pkgs.tcl or (pkgs.hostBins "tcl" "tclsh");
  library = name: lib.optional (pkgs ? ${name}) pkgs.${name};

  # package TOOL SOURCE EDITED ATTRS: `EDITED` is the source to which a line is added.
  package = kind: source: edited: attrs: {
    inherit kind edited;
    stock = pkgs.stdenv.mkDerivation (
      {
        pname = source;
        inherit (sources.${source}) version;
        src = import ../checks/source.nix sources.${source};
        enableParallelBuilding = true;
        # Pages that hold the output's path could not be compared when they are compressed.
        dontGzipMan = true;
      }
      // attrs
    );
  };
  autotools = package "autotools";
  make = package "make";
  meson =
    source: edited: attrs:
    package "meson" source edited (
      {
        nativeBuildInputs = [ pkgs.meson pkgs.ninja pkgs.pkg-config ] ++ attrs.tools or [ ];
      }
      // removeAttrs attrs [ "tools" ]
    );
  byCmake = source: edited: {
    kind = "cmake";
    inherit edited;
    stock = cmake.${source};
  };

  packages = {
    hello = autotools "hello" "src/hello.c" { };
    m4 = autotools "m4" "src/output.c" { };
    xz = autotools "xz-utils" "src/liblzma/common/index.c" { outputs = [ "bin" "dev" "out" "man" "doc" ]; };
    libpng = autotools "libpng1.6" "pngread.c" {
      outputs = [ "out" "dev" "man" ];
      postFixup = "moveToOutput 'bin/libpng*-config' \"$dev\"";
      buildInputs = library "zlib";
    };
    pcre2 = autotools "pcre2" "src/pcre2_study.c" {
      outputs = [ "bin" "dev" "out" "doc" "man" "devdoc" ];
      configureFlags = [ "--enable-pcre2-16" "--enable-pcre2-32" "--enable-jit=auto" ];
      postFixup = "moveToOutput bin/pcre2-config \"$dev\"";
    };
    bash = autotools "bash" "array.c" {
      outputs = [ "out" "man" "doc" "info" ];
      nativeBuildInputs = [ pkgs.bison ];
      configureFlags = [ "--without-bash-malloc" "--disable-nls" ];
    };
    coreutils = autotools "coreutils" "src/ls.c" {
      outputs = [ "out" "info" ];
      nativeBuildInputs = [ pkgs.perl ];
      env.FORCE_UNSAFE_CONFIGURE = "1";
    };
    ncurses = autotools "ncurses" "ncurses/base/lib_addch.c" {
      configureFlags = [ "--with-shared" "--without-debug" "--enable-pc-files" "--enable-symlinks" "--with-manpage-format=normal" "--disable-stripping" "--with-versioned-syms" ];
    };
    sqlite = autotools "sqlite3" "ext/fts3/fts3.c" {
      outputs = [ "bin" "dev" "out" ];
      nativeBuildInputs = [ tcl ];
      buildInputs = library "zlib";
      configureFlags = [ "--enable-threadsafe" "--disable-tcl" "--disable-readline" ];
    };

    bzip2 = make "bzip2" "huffman.c" { makeFlags = [ "PREFIX=$(out)" ]; };
    lua = make "lua5.4" "src/lstring.c" {
      makeFlags = [ "INSTALL_TOP=$(out)" "INSTALL_MAN=$(out)/share/man/man1" "R=5.4.4" "PLAT=linux" "CC=cc" ];
      buildFlags = [ "linux" ];
    };
    lz4 = make "lz4" "lib/lz4.c" {
      outputs = [ "out" "dev" ];
      makeFlags = [ "PREFIX=$(out)" "INCLUDEDIR=$(dev)/include" ];
    };
    redis = make "redis" "src/sds.c" { makeFlags = [ "PREFIX=$(out)" ]; };
    git = make "git" "strbuf.c" {
      nativeBuildInputs = [ pkgs.perl ];
      buildInputs = library "zlib" ++ library "openssl" ++ library "expat" ++ library "curl";
      configureFlags = [ "--with-editor=vi" ];
      makeFlags = [ "prefix=$(out)" "perllibdir=$(out)/share/perl5" "NO_GETTEXT=1" "NO_PYTHON=1" "NO_TCLTK=1" "INSTALL_SYMLINKS=1" ];
      stripDebugList = [ "bin" "libexec" ];
    };
    openssl = package "own" "openssl" "crypto/mem.c" {
      outputs = [ "bin" "dev" "out" ];
      nativeBuildInputs = [ pkgs.perl ];
      setOutputFlags = false;
      postPatch = "patchShebangs Configure";
      configureScript = "./Configure linux-${lib.head (lib.splitString "-" system)}";
      configureFlags = [ "shared" "--libdir=lib" "--openssldir=etc/ssl" ];
      dontAddStaticConfigureFlags = true;
      configurePlatforms = [ ];
      dontAddDisableDepTrack = true;
      dontDisableStatic = true;
      # The documentation is 845 pages and no compile.
      buildFlags = [ "build_sw" ];
      installTargets = [ "install_sw" ];
      postInstall = ''
        mkdir -p $bin $dev
        mv $out/bin $bin/bin
        mv $out/include $dev/include
      '';
    };
    busybox = package "kbuild" "busybox" "coreutils/cat.c" {
      configurePhase = ''
        runHook preConfigure
        export KCONFIG_NOTIMESTAMP=1
        cp ${../checks/busybox.config} .config
        chmod u+w .config
        make oldconfig < /dev/null
        runHook postConfigure
      '';
      installPhase = ''
        runHook preInstall
        install -D busybox $out/bin/busybox
        runHook postInstall
      '';
    };

    fribidi = meson "fribidi" "lib/fribidi-bidi.c" {
      outputs = [ "out" "dev" ];
      mesonFlags = [ "-Ddocs=false" ];
    };
    pixman = meson "pixman" "pixman/pixman-region16.c" {
      # nixpkgs' hook enables what is on "auto"; these are of other processors.
      mesonFlags = map (name: "-D${name}=disabled") (
        [ "gtk" "libpng" "openmp" ] ++ [ "loongson-mmi" "vmx" "arm-simd" "neon" "a64-neon" "iwmmxt" "mips-dspr2" ]
      );
    };
    dav1d = meson "dav1d" "src/lib.c" {
      outputs = [ "out" "dev" ];
      tools = [ (tool "nasm") ];
      mesonFlags = [ "-Denable_tools=true" "-Denable_tests=false" "-Dxxhash_muxer=disabled" ];
    };

    fmtlib = byCmake "fmtlib" "src/format.cc";
    leveldb = byCmake "leveldb" "util/env.cc";
    snappy = byCmake "snappy" "snappy.cc";
    abseil = byCmake "abseil" "absl/strings/numbers.cc";
    z3 = byCmake "z3" "src/util/util.cpp";
  };

  salted =
    stock: added:
    stock.overrideAttrs (old: {
      env = old.env or { } // added // {
        NIX_CFLAGS_COMPILE = "${old.env.NIX_CFLAGS_COMPILE or ""} -DSURVEY_SALT=${salt}";
      };
    });

  # Compilers proper and an assembler (not the drivers) that note the driver's words, its folder and their own words, and then run as ever.
  counter = pkgs.runCommand "survey-counter" { } ''
    mkdir $out
    for program in cc1 cc1plus as; do
      real=$(if [ $program = as ]; then echo ${pkgs.stdenv.cc.bintools}/bin/as; else ${pkgs.stdenv.cc}/bin/cc -print-prog-name=$program; fi)
      cat > $out/$program <<EOF
    #! $SHELL
    if [ -n "\$SURVEY_CALLS" ]; then
      printf '%s\0%s\0%s\0%s\n' $program "\$PWD" "\''${COLLECT_GCC_OPTIONS//[\$'\n']/ }" "\''${*//[\$'\n']/ }" >> "\$SURVEY_CALLS"
    fi
    exec $real "\$@"
    EOF
      chmod +x $out/$program
    done
  '';

  one =
    { kind, edited, stock }:
    let
      whole = (salted stock { }).overrideAttrs (
        old: lib.optionalAttrs edit { postPatch = (old.postPatch or "") + "\necho '/* ${salt} */' >> ${edited}\n"; }
      );
      split = scope.internalSplit.split {
        inherit (pkgs) stdenv;
        stock = whole;
        objcache = true;
        after = [ ];
      };
    in
    {
      inherit kind split;
      stock = whole;
      inherit (split.splitphase) report;
      # Snapshots of the configured tree: from a skeleton, as the stock build makes it, and that once more.
      configured = lib.mapAttrs (_: attrs: (split.overrideAttrs attrs).splitphase.prepare.splitphaseSnapshot) {
        once = { };
        whole.objcacheSkeleton = false;
        again = {
          objcacheSkeleton = false;
          SURVEY_AGAIN = "1";
        };
      };
      same = (import ../checks/compare.nix { inherit pkgs scope; }).compare whole.name whole split;
      # Only what runs between the begin and the end of buildPhase is counted.
      counted = (salted stock { NIX_CFLAGS_COMPILE_BEFORE = "-B${counter}/"; }).overrideAttrs (old: {
        outputs = [ "out" ];
        doCheck = false;
        dontFixup = true;
        preBuildPhases = old.preBuildPhases or [ ] ++ [ "surveyBegin" ];
        surveyBegin = "export SURVEY_CALLS=$NIX_BUILD_TOP/.survey-calls; : > $SURVEY_CALLS";
        preInstallPhases = [ "surveyEnd" ];
        surveyEnd = ''
          for output in bin dev man doc info devdoc; do declare "$output=$out"; done
          sed "s,^,$NIX_BUILD_TOP\x0," $SURVEY_CALLS > $TMPDIR/survey-result
          unset SURVEY_CALLS
        '';
        installPhase = "cp $TMPDIR/survey-result $out";
      });
    };
in
lib.mapAttrs (_: one) packages // { names = lib.attrNames packages; }
