export PATH=
for i in $initialPath; do PATH=$PATH${PATH:+:}$i/bin; done
mkdir "$out" "$out/nix-support"
{
  echo "export SHELL=$shell"
  echo "initialPath=\"$initialPath\""
  echo "defaultNativeBuildInputs=\"$defaultNativeBuildInputs\""
  echo "defaultBuildInputs=\"$defaultBuildInputs\""
  echo "$preHook"
  cat $setup
} >"$out/setup"
