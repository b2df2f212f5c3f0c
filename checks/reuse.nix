# Exact reuse: for each edit, the objects and links whose derivation differs from the unedited package's are those that
# the build tool itself makes again in an already built tree, or fewer. Nothing is compiled for this but the tool's own tree.
# checks/reuse/TOOL.nix has a package and the edits for each tool.
{
  lib,
  pkgs,
  scope,
  packages,
}:
let
  # `edit` is shell text run in the source's top folder; `attrs` changes attributes instead: then nothing is made again.
  # `unseen`: what the tool does not notice, or what need not be made again and is. `relinks`: it links nothing again where the
  # symbols of a library are what they were.
  tools = lib.genAttrs [ "autotools" "cmake" "make" "meson" ] (
    tool: import ./reuse/${tool}.nix { inherit pkgs packages package; }
  );

  sources = lib.importJSON ./sources.json;
  package =
    pname: attrs:
    lib.makeOverridable (
      { stdenv }:
      stdenv.mkDerivation (
        {
          inherit pname;
          inherit (sources.${pname}) version;
          src = import ./source.nix sources.${pname};
        }
        // attrs
      )
    ) { inherit (pkgs) stdenv; };

  unrelated = pkgs.runCommand "unrelated" { } "mkdir -p $out/include; echo '#define UNRELATED' > $out/include/unrelated.h";
  ofAll = {
    post-install.attrs.postInstall = "echo edited";
    meta.attrs.meta.description = "edited";
    unrelated-input.attrs.buildInputs = [ unrelated ];
  };

  # Objects whose command holds the output path.
  prefixed = scope.objcacheStdenv.mkDerivation {
    name = "prefixed";
    src = builtins.path { path = ./fixtures/prefix; name = "source"; };
    nativeBuildInputs = [
      pkgs.cmake
      pkgs.ninja
    ];
  };

  rebuilt =
    base: edited:
    let
      actions = package: lib.attrValues package.splitphase.objects ++ lib.attrValues package.splitphase.links;
      path = action: builtins.unsafeDiscardStringContext action.drvPath;
      before = lib.listToAttrs (map (action: lib.nameValuePair (path action) true) (actions base));
      changed = lib.filter (action: !(before ? ${path action})) (actions edited);
      names = map (action: action.name) changed;
    in
    lib.unique (
      map (action: action.source) (lib.filter (action: lib.elem action.name names) edited.splitphase.manifest.actions)
    );

  # What the tool makes again when each edit is made in a finished tree: a list of sources and programs for each.
  oracle =
    stock: edits:
    stock.overrideAttrs {
      pname = "made-again";
      outputs = [ "out" ];
      calls = ./reuse/calls.bash;
      edits = lib.concatStrings (lib.mapAttrsToList (name: edit: "${name}() {\n${edit}\n}\n") edits);
      passAsFile = [ "edits" ];
      names = lib.attrNames edits;
      postBuild = ''
        . "$editsPath"
        unset postBuild preBuild
        here=$PWD top=''${PWD#"$NIX_BUILD_TOP"/}
        top=$NIX_BUILD_TOP/''${top%%/*}
        cp -a "$top" "$NIX_BUILD_TOP/built"
        mkdir -p "$out"
        for name in $names; do
          cd "$NIX_BUILD_TOP"
          rm -rf "$top"
          cp -a built "$top"
          (
            cd "$top"
            "$name"
            cd "$here"
            export MADE_AGAIN=$out/$name BASH_ENV=$calls
            touch "$MADE_AGAIN"
            eval "''${buildPhase:-buildPhase}"
          )
        done
        cd "$here"
      '';
      doCheck = false;
      installPhase = "true";
      dontFixup = true;
    };

  ofTool =
    tool:
    {
      stock,
      edits,
      relinks ? false,
    }:
    let
      base = stock.override { stdenv = scope.objcacheStdenv; };
      again = oracle stock (lib.mapAttrs (_: one: one.edit) edits);
      one =
        name:
        {
          edit ? null,
          attrs ? { },
          unseen ? [ ],
        }:
        let
          edited = base.overrideAttrs (attrs // lib.optionalAttrs (edit != null) { postPatch = edit; });
        in
        lib.nameValuePair "reuse-${tool}-${name}" (
          pkgs.runCommand "reuse-${tool}-${name}"
            {
              ours = lib.concatMapStrings (source: "${source}\n") (rebuilt base edited);
              unseen = lib.concatMapStrings (source: "${source}\n") unseen;
              passAsFile = [ "ours" "unseen" ];
              again = if edit == null then "/dev/null" else "${again}/${name}";
            }
            ''
              export LC_ALL=C
              sort "$oursPath" > ours
              sort -u "$unseenPath" "$again" > again
              echo "${tool}, ${name}: the tool $(wc -l < again), splitphase $(wc -l < ours)" | tee $out
              cat ours >> $out
              if comm -23 ours again | grep '${if relinks then "\\.[cS]$" else "."}'; then
                echo "error: these are rebuilt by splitphase but not by the tool" >&2
                exit 1
              fi
              if comm -13 ours again | grep .; then
                echo "error: these are made again by the tool but not by splitphase" >&2
                exit 1
              fi
            ''
        );
    in
    lib.mapAttrs' one (edits // ofAll);
in
lib.concatMapAttrs ofTool tools
// {
  reuse-prefix =
    let
      again = rebuilt prefixed (prefixed.overrideAttrs { postPatch = "echo edited > README.md"; });
    in
    assert lib.assertMsg (again == [ ]) "an edit of README.md makes again: ${toString again}";
    pkgs.runCommand "reuse-prefix" { } "touch $out";
}
