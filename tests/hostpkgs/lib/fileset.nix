# File sets as plain sets of file names: small trees only.
{ lib }:
let
  tag = files: {
    _type = "fileset";
    inherit files;
  };
  listDir =
    dir:
    lib.concatMapAttrs (
      name: type:
      if type == "directory" then
        listDir (dir + "/${name}")
      else
        { ${toString (dir + "/${name}")} = dir + "/${name}"; }
    ) (builtins.readDir dir);
  filesOf =
    x:
    if x._type or null == "fileset" then
      x.files
    else if !builtins.pathExists x then
      throw "lib.fileset: '${toString x}' is a path that does not exist"
    else if builtins.readFileType x == "directory" then
      listDir x
    else
      { ${toString x} = x; };
in
rec {
  maybeMissing = path: tag (if builtins.pathExists path then filesOf path else { });
  unions = sets: tag (lib.mergeAttrsList (map filesOf sets));
  union = a: b: unions [ a b ];
  intersection = a: b: tag (builtins.intersectAttrs (filesOf a) (filesOf b));
  difference = a: b: tag (removeAttrs (filesOf a) (lib.attrNames (filesOf b)));
  fileFilter =
    keep: path:
    tag (
      lib.filterAttrs (
        _: file:
        keep {
          name = baseNameOf file;
          type = builtins.readFileType file;
          hasExt = ext: lib.hasSuffix ".${ext}" (baseNameOf file);
        }
      ) (filesOf path)
    );
  toList = x: lib.attrValues (filesOf x);
  toSource =
    { root, fileset }:
    let
      files = filesOf fileset;
      # Every folder that holds a file of the set, so that empty ones stay out.
      parents =
        file: seen:
        let
          dir = dirOf file;
        in
        if seen ? ${dir} || dir == file then seen else parents dir (seen // { ${dir} = true; });
      dirs = builtins.foldl' (seen: file: parents file seen) { } (lib.attrNames files);
    in
    {
      _isLibCleanSourceWith = true;
      origSrc = root;
      name = "source";
      outPath = builtins.path {
        path = root;
        name = "source";
        filter = path: type: if type == "directory" then dirs ? ${path} else files ? ${path};
      };
    };
}
