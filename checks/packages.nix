# Real packages over any stdenv, as nixpkgs would write them. Arguments choose what the checks vary.
{ pkgs }:
let
  inherit (pkgs) lib;
  sources = lib.importJSON ./sources.json;

  package =
    pname:
    {
      cmakeFlags ? [ ],
      nativeBuildInputs ? [ ],
    }@defaults:
    pkgs.lib.makeOverridable (
      {
        stdenv ? pkgs.stdenv,
        generator ? "Ninja",
        shared ? false,
        outputs ? [ "out" ],
      }:
      stdenv.mkDerivation {
        inherit pname outputs;
        inherit (sources.${pname}) version;
        src = import ./source.nix sources.${pname};
        nativeBuildInputs = [ pkgs.cmake ] ++ lib.optional (generator == "Ninja") pkgs.ninja ++ nativeBuildInputs;
        cmakeFlags = defaults.cmakeFlags or [ ] ++ [ "-DBUILD_SHARED_LIBS=${if shared then "ON" else "OFF"}" ];
        enableParallelBuilding = true;
        # A build-id is a digest over the linked file, its output path included: it cannot be equal in two outputs.
        env.NIX_LDFLAGS = "--build-id=none";
      }
    ) { };
in
{
  fmtlib = package "fmtlib" { cmakeFlags = [ "-DFMT_TEST=OFF" ]; };
  leveldb = package "leveldb" {
    cmakeFlags = [
      "-DLEVELDB_BUILD_TESTS=OFF"
      "-DLEVELDB_BUILD_BENCHMARKS=OFF"
    ];
  };
  snappy = package "snappy" {
    cmakeFlags = [
      "-DSNAPPY_BUILD_TESTS=OFF"
      "-DSNAPPY_BUILD_BENCHMARKS=OFF"
    ];
  };
  abseil = package "abseil" { cmakeFlags = [ "-DCMAKE_CXX_STANDARD=17" ]; };
  z3 = package "z3" { nativeBuildInputs = [ pkgs.python3 ]; };
}
