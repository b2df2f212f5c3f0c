# nix develop: what dev/test uses, for people with a full nixpkgs.
{ pkgs }:
pkgs.mkShell {
  packages = [
    pkgs.ninja
    pkgs.cmake
    pkgs.zstd
    (pkgs.python3.withPackages (ps: [
      ps.pytest
      ps.hypothesis
    ]))
  ];
}
