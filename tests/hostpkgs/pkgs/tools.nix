# Every host program that is a package here.
{ lib, hostTool }:
let
  # Name, version in Debian 12, its Debian package where the name differs, and programs as in host.nix.
  simple = pname: version: args: hostTool ({ inherit pname version; } // args);
in
lib.mapAttrs (pname: args: simple pname (lib.head args) (lib.foldl' (a: b: a // b) { } (lib.tail args))) {
  autoconf = [ "2.71" { bins = "autoconf autoheader autom4te autoreconf autoscan autoupdate ifnames"; } ];
  automake = [ "1.16.5" { bins = "automake=automake,automake-1.17,automake-1.16 aclocal=aclocal,aclocal-1.17,aclocal-1.16"; } ];
  bash = [
    "5.2.15"
    {
      bins = "bash sh=bash";
      passthru.shellPath = "/bin/bash";
    }
  ];
  bison = [ "3.8.2" { } ];
  bzip2 = [ "1.0.8" { bins = "bzip2 bunzip2 bzcat"; } ];
  cargo = [ "0.66.0" { } ];
  coreutils = [
    "9.1"
    {
      bins = "[ arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown cksum comm cp csplit cut date dd df dir dircolors dirname du echo env expand expr factor false fmt fold groups head hostid id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pr printenv printf ptx pwd readlink realpath rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq unlink vdir wc who whoami yes";
    }
  ];
  diffutils = [ "3.8" { bins = "cmp diff diff3 sdiff"; } ];
  file = [ "5.44" { } ];
  findutils = [ "4.9.0" { bins = "find xargs"; } ];
  flex = [ "2.6.4" { } ];
  gawk = [
    "5.2.1"
    {
      apt = "gawk";
      bins = "awk=gawk,mawk,original-awk gawk?";
    }
  ];
  git = [ "2.39.5" { } ];
  gnugrep = [
    "3.8"
    {
      apt = "grep";
      bins = "grep egrep fgrep";
    }
  ];
  gnumake = [
    "4.3"
    {
      apt = "make";
      bins = "make gmake=make";
    }
  ];
  gnused = [
    "4.9"
    {
      apt = "sed";
      bins = "sed";
    }
  ];
  gnutar = [
    "1.34"
    {
      apt = "tar";
      bins = "tar";
    }
  ];
  # nixpkgs' gzip leaves times out where GZIP_NO_TIMESTAMPS says so.
  gzip = [
    "1.12"
    {
      bins = "gzip gunzip zcat";
      script = ''
        rm "$out/bin/gzip"
        printf '#! /bin/sh\nexec /usr/bin/gzip ''${GZIP_NO_TIMESTAMPS:+-n} "$@"\n' >"$out/bin/gzip"
        chmod +x "$out/bin/gzip"
      '';
    }
  ];
  jq = [ "1.6" { } ];
  libtool = [ "2.4.7" { bins = "libtoolize libtool?"; } ];
  m4 = [ "1.4.19" { } ];
  ninja = [
    "1.11.1"
    {
      apt = "ninja-build";
      setupHook = ./ninja-hook.sh;
    }
  ];
  patch = [ "2.7.6" { } ];
  patchelf = [
    "0.14.3"
    { setupHook = ./patchelf-hook.sh; }
  ];
  perl = [ "5.36.0" { } ];
  pkg-config = [
    "1.8.1"
    {
      apt = "pkgconf";
      bins = "pkg-config pkgconf?";
      setupHook = ./pkg-config-hook.sh;
    }
  ];
  unzip = [ "6.0" { } ];
  util-linux = [ "2.38.1" { bins = "flock getopt rev"; } ];
  which = [
    "2.21"
    {
      apt = "debianutils";
      bins = "which=which,which.debianutils";
    }
  ];
  xz = [
    "5.4.1"
    {
      apt = "xz-utils";
      bins = "xz unxz xzcat lzma=xz";
    }
  ];
  zip = [ "3.0" { } ];
  zstd = [ "1.5.4" { bins = "zstd unzstd=zstd zstdcat"; } ];

  # The program is copied, with its modules, so that CMAKE_COMMAND and CMAKE_ROOT are store paths as they are in nixpkgs.
  cmake = [
    "3.25.1"
    {
      bins = "cmake ctest cpack";
      setupHook = ./cmake-hook.sh;
      script = ''
        mkdir "$out/share"
        for program in cmake ctest cpack; do
          rm "$out/bin/$program"
          cp /usr/bin/$program "$out/bin/"
        done
        cp -r /usr/share/cmake-* "$out/share/"
      '';
    }
  ];
  meson = [
    "1.0.1"
    {
      setupHook = ./meson-hook.sh;
      bins = "meson python3";
      script = ''rm "$out/bin/python3"'';
    }
  ];
  # rustc finds its libraries beside the program itself, which is in /usr.
  rustc = [ "1.63.0" { } ];
}
