# An upstream tarball of checks/sources.json. dev/fetch puts it into the store; a machine that lacks it is told so.
{
  file,
  sha256,
  ...
}:
derivation {
  name = builtins.replaceStrings [ "~" ] [ "-" ] file;
  system = builtins.currentSystem or "x86_64-linux";
  builder = "/bin/sh";
  args = [
    "-c"
    "echo 'error: ${file} is not in the store' >&2; echo 'hint: run dev/fetch, which gets it from Debian' >&2; exit 1"
  ];
  outputHash = sha256;
  outputHashAlgo = "sha256";
  outputHashMode = "flat";
  preferLocalBuild = true;
}
