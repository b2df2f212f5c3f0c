# Attribute sets.
{ lib }:
let
  inherit (builtins) concatMap hasAttr isAttrs;
in
rec {
  inherit (builtins)
    attrNames
    attrValues
    catAttrs
    getAttr
    hasAttr
    intersectAttrs
    isAttrs
    listToAttrs
    mapAttrs
    removeAttrs
    zipAttrsWith
    ;

  nameValuePair = name: value: { inherit name value; };
  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  attrsToList = mapAttrsToList nameValuePair;
  concatMapAttrs = f: set: mergeAttrsList (mapAttrsToList f set);
  mergeAttrsList = builtins.foldl' (a: b: a // b) { };
  mergeAttrs = a: b: a // b;
  filterAttrs = keep: set: removeAttrs set (builtins.filter (n: !keep n set.${n}) (attrNames set));
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  genAttrs' = xs: f: listToAttrs (map f xs);
  optionalAttrs = condition: set: if condition then set else { };
  foldAttrs =
    op: nul: sets:
    mapAttrs (_: builtins.foldl' (acc: x: op x acc) nul) (
      mapAttrs (_: lib.reverseList) (zipAttrsWith (_: values: values) sets)
    );
  foldlAttrs =
    f: init: set:
    builtins.foldl' (acc: name: f acc name set.${name}) init (attrNames set);
  zipAttrs = zipAttrsWith (_: values: values);
  zipAttrsWithNames =
    names: f: sets:
    genAttrs names (name: f name (catAttrs name sets));

  attrByPath =
    path: default: set:
    if path == [ ] then
      set
    else if isAttrs set && hasAttr (lib.head path) set then
      attrByPath (lib.tail path) default set.${lib.head path}
    else
      default;
  hasAttrByPath =
    path: set:
    path == [ ]
    || isAttrs set && hasAttr (lib.head path) set && hasAttrByPath (lib.tail path) set.${lib.head path};
  getAttrFromPath =
    path: set:
    attrByPath path (throw "cannot find attribute '${lib.concatStringsSep "." path}'") set;
  attrVals = names: set: map (name: set.${name}) names;
  setAttrByPath =
    path: value: if path == [ ] then value else { ${lib.head path} = setAttrByPath (lib.tail path) value; };

  recursiveUpdateUntil =
    stop: left: right:
    let
      go =
        path: a: b:
        a
        // mapAttrs (
          name: value:
          if !(a ? ${name}) || stop (path ++ [ name ]) a.${name} value then
            value
          else
            go (path ++ [ name ]) a.${name} value
        ) b;
    in
    go [ ] left right;
  recursiveUpdate = recursiveUpdateUntil (_: a: b: !(isAttrs a && isAttrs b));

  mapAttrsRecursiveCond =
    descend: f: set:
    let
      go =
        path:
        mapAttrs (
          name: value:
          if isAttrs value && descend value then go (path ++ [ name ]) value else f (path ++ [ name ]) value
        );
    in
    go [ ] set;
  mapAttrsRecursive = mapAttrsRecursiveCond (_: true);
  collect =
    keep: x:
    if keep x then
      [ x ]
    else if isAttrs x then
      concatMap (collect keep) (attrValues x)
    else
      [ ];

  isDerivation = value: (value.type or null) == "derivation";
  recurseIntoAttrs = set: set // { recurseForDerivations = true; };
  dontRecurseIntoAttrs = set: set // { recurseForDerivations = false; };
  toDerivation =
    path:
    let
      storePath = builtins.storePath path;
    in
    {
      type = "derivation";
      name = lib.sanitizeDerivationName (builtins.substring 33 (-1) (baseNameOf storePath));
      outPath = storePath;
      outputs = [ "out" ];
      outputName = "out";
    };
}
