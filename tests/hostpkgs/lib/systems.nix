# Just enough of a platform description for native Linux builds.
{ lib }:
rec {
  doubles.linux = lib.platforms.linux;
  flakeExposed = lib.platforms.linux;
  equals = a: b: a.system == b.system;
  elaborate =
    args:
    let
      system = if builtins.isString args then args else args.system;
      cpu = lib.head (lib.splitString "-" system);
      self = {
        inherit system;
        config = "${cpu}-unknown-linux-gnu";
        libc = "glibc";
        parsed = {
          cpu = {
            name = cpu;
            bits = 64;
            significantByte.name = "littleEndian";
          };
          kernel.name = "linux";
          abi.name = "gnu";
          vendor.name = "unknown";
        };
        linuxArch = if cpu == "aarch64" then "arm64" else cpu;
        qemuArch = cpu;
        uname = {
          system = "Linux";
          processor = cpu;
          release = null;
        };
        extensions = {
          sharedLibrary = ".so";
          staticLibrary = ".a";
          library = ".so";
          executable = "";
        };
        hasSharedLibraries = true;
        isStatic = false;
        isLinux = true;
        isUnix = true;
        isElf = true;
        isGnu = true;
        is64bit = true;
        is32bit = false;
        isLittleEndian = true;
        isBigEndian = false;
        isx86 = cpu == "x86_64";
        isx86_64 = cpu == "x86_64";
        isAarch = cpu == "aarch64";
        isAarch64 = cpu == "aarch64";
        isx86_32 = false;
        isi686 = false;
        isAarch32 = false;
        isDarwin = false;
        isMacOS = false;
        isWindows = false;
        isCygwin = false;
        isMinGW = false;
        isBSD = false;
        isMusl = false;
        isRiscV = false;
        isWasm = false;
        canExecute = other: other.system == system;
        emulatorAvailable = _: true;
      };
    in
    self;
}
