# Real packages over other build tools than CMake, as nixpkgs would write them.
{ pkgs }:
let
  inherit (pkgs) lib;
  sources = lib.importJSON ./sources.json;
  package =
    pname: attrs:
    lib.makeOverridable (
      {
        stdenv ? pkgs.stdenv,
      }:
      stdenv.mkDerivation (
        {
          inherit pname;
          inherit (sources.${pname}) version;
          src = import ./source.nix sources.${pname};
          # A build-id is a digest over the linked file, its output path included: it cannot be equal in two outputs.
          env.NIX_LDFLAGS = "--build-id=none";
        }
        // attrs
      )
    ) { };
  separate = [
    "out"
    "dev"
  ];
in
{
  # A configure script of its own, plain make, three outputs of which the build itself fills none.
  zlib = package "zlib" {
    outputs = separate ++ [ "static" ];
    setOutputFlags = false;
    dontAddDisableDepTrack = true;
    dontDisableStatic = true;
    configurePlatforms = [ ];
    postInstall = ''
      mkdir -p $static/lib
      mv $out/lib/*.a $static/lib/
    '';
    doCheck = true;
  };

  # automake; LOCALEDIR is compiled in.
  hello = package "hello" {
    doCheck = true;
    outputs = [
      "out"
      "man"
      "info"
    ];
    doInstallCheck = true;
    installCheckPhase = ''[ "$($out/bin/hello)" = "Hello, world!" ]'';
  };

  # automake and libtool.
  libogg = package "libogg" { outputs = separate; };

  # libtool, and search paths compiled in.
  pkgconf = package "pkgconf" {
    outputs = [
      "out"
      "man"
    ];
    enableParallelBuilding = true;
  };

  # Meson.
  fribidi = package "fribidi" {
    outputs = separate;
    nativeBuildInputs = [
      pkgs.meson
      pkgs.ninja
    ];
    mesonFlags = [ "-Ddocs=false" ];
    preBuild = ''echo "built for $out" > from-pre-build'';
    postInstall = ''install -D from-pre-build "$out/share/built"'';
  };

  # Makefiles written by hand.
  bzip2 = package "bzip2" {
    makeFlags = [ "PREFIX=$(out)" ];
    # The tests' output is compared with files of the source.
    doCheck = true;
    checkTarget = "test";
  };
  xxhash = package "xxhash" {
    outputs = separate;
    makeFlags = [ "PREFIX=$(out)" ];
    postInstall = ''
      moveToOutput include "$dev"
      moveToOutput lib/pkgconfig "$dev"
    '';
  };

  # No build tool at all, the prefix compiled in, an output that is filled while building, and state for later phases.
  lua = package "lua5.4" {
    outputs = separate;
    postPatch = "sed -i '/define LUA_ROOT/d' src/luaconf.h";
    buildPhase = ''
      runHook preBuild
      cd src
      objects=()
      for source in *.c; do
        case $source in lua.c | luac.c) continue ;; esac
        $CC -O2 -fPIC -DLUA_USE_POSIX -DLUA_ROOT="\"$out/\"" -c "$source"
        objects+=("''${source%.c}.o")
      done
      ar rcs liblua.a "''${objects[@]}"
      $CC -O2 -DLUA_USE_POSIX -o lua lua.c liblua.a -lm
      mkdir -p "$dev/include"
      cp lua.h luaconf.h lualib.h lauxlib.h "$dev/include/"
      installs() { install -D "$1" "$out/$2/''${1##*/}"; }
      umask 027
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      test "''${#objects[@]}" -gt 30
      installs lua bin
      installs liblua.a lib
      touch made
      install -D -m "$(stat -c %a made)" made "$out/share/made"
      "$out/bin/lua" -e 'print(package.path)' > "$out/share/path"
      runHook postInstall
    '';
  };
}
