# Filtered sources.
{ lib }:
rec {
  cleanSourceFilter =
    path: type:
    let
      name = baseNameOf (toString path);
    in
    !(
      type == "directory" && builtins.elem name [ ".git" ".svn" "CVS" ".hg" ]
      || lib.hasSuffix "~" name
      || builtins.match "\\.sw[a-z]|\\..*\\.sw[a-z]|.*\\.[oa]|.*\\.so" name != null
      || type == "symlink" && lib.hasPrefix "result" name
      || type == "unknown"
    );
  cleanSourceWith =
    {
      src,
      filter ? _path: _type: true,
      name ? null,
    }:
    let
      inner = src ? _isLibCleanSourceWith;
      origSrc = if inner then src.origSrc else src;
      both = path: type: (if inner then src.filter path type else true) && filter path type;
      outName =
        if name != null then
          name
        else if inner then
          src.name
        else
          "source";
    in
    {
      _isLibCleanSourceWith = true;
      inherit origSrc;
      filter = both;
      name = outName;
      outPath = builtins.path {
        path = origSrc;
        name = outName;
        filter = both;
      };
    };
  cleanSource =
    src:
    cleanSourceWith {
      inherit src;
      filter = cleanSourceFilter;
    };
  sourceByRegex =
    src: regexes:
    let
      root = toString (src.origSrc or src);
    in
    cleanSourceWith {
      inherit src;
      filter =
        path: _type:
        let
          relative = lib.removePrefix (root + "/") (toString path);
        in
        lib.any (regex: builtins.match regex relative != null) regexes;
    };
  sourceFilesBySuffices =
    src: suffixes:
    cleanSourceWith {
      inherit src;
      filter =
        path: type:
        type == "directory" || lib.any (s: lib.hasSuffix s (baseNameOf (toString path))) suffixes;
    };
}
