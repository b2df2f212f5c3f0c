# Strings, shell words, search paths, versions.
{ lib }:
let
  inherit (builtins)
    concatStringsSep
    isString
    length
    match
    replaceStrings
    split
    stringLength
    substring
    ;
in
rec {
  inherit (builtins)
    compareVersions
    concatStringsSep
    fromJSON
    isString
    match
    parseDrvName
    readFile
    replaceStrings
    split
    splitVersion
    stringLength
    substring
    toJSON
    typeOf
    unsafeDiscardStringContext
    ;

  concatStrings = concatStringsSep "";
  concatMapStrings = f: xs: concatStrings (map f xs);
  concatImapStrings = f: xs: concatStrings (lib.imap1 f xs);
  concatMapStringsSep =
    sep: f: xs:
    concatStringsSep sep (map f xs);
  concatImapStringsSep =
    sep: f: xs:
    concatStringsSep sep (lib.imap1 f xs);
  concatMapAttrsStringSep =
    sep: f: set:
    concatStringsSep sep (lib.mapAttrsToList f set);
  concatLines = concatMapStrings (line: line + "\n");
  intersperse =
    sep: xs:
    lib.drop 1 (
      lib.concatMap (x: [
        sep
        x
      ]) xs
    );
  optionalString = condition: text: if condition then text else "";
  stringToCharacters = text: lib.genList (n: substring n 1 text) (stringLength text);

  hasPrefix = prefix: text: substring 0 (stringLength prefix) text == prefix;
  hasSuffix =
    suffix: text:
    let
      start = stringLength text - stringLength suffix;
    in
    start >= 0 && substring start (-1) text == suffix;
  hasInfix = infix: text: length (split (escapeRegex infix) text) > 1;
  removePrefix =
    prefix: text: if hasPrefix prefix text then substring (stringLength prefix) (-1) text else text;
  removeSuffix =
    suffix: text:
    if hasSuffix suffix text then substring 0 (stringLength text - stringLength suffix) text else text;
  splitString =
    sep: text:
    map (builtins.addErrorContext "while splitting a string") (
      builtins.filter isString (split (escapeRegex (toString sep)) (toString text))
    );
  trim =
    text:
    let
      found = match "[ \t\r\n]*(.*[^ \t\r\n])[ \t\r\n]*" text;
    in
    if found == null then "" else lib.head found;
  removeTrailingNewline = removeSuffix "\n";
  fileContents = file: removeTrailingNewline (readFile file);
  toLower = replaceStrings (stringToCharacters upperChars) (stringToCharacters lowerChars);
  toUpper = replaceStrings (stringToCharacters lowerChars) (stringToCharacters upperChars);
  lowerChars = "abcdefghijklmnopqrstuvwxyz";
  upperChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  fixedWidthString =
    width: filler: text:
    if stringLength text >= width then text else filler + fixedWidthString (width - 1) filler text;
  fixedWidthNumber = width: n: fixedWidthString width "0" (toString n);

  escape = chars: replaceStrings chars (map (c: "\\${c}") chars);
  escapeRegex = escape (stringToCharacters "\\[{()^$?*+|.");
  escapeShellArg =
    arg:
    let
      text = toString arg;
    in
    if match "[[:alnum:],._+:@%/-]+" text == null then
      "'${replaceStrings [ "'" ] [ "'\\''" ] text}'"
    else
      text;
  escapeShellArgs = concatMapStringsSep " " escapeShellArg;
  escapeNixString = text: escape [ "$" ] (toJSON text);
  escapeNixIdentifier =
    text: if match "[a-zA-Z_][a-zA-Z0-9_'-]*" text == null then escapeNixString text else text;
  isValidPosixName = name: match "[a-zA-Z_][a-zA-Z0-9_]*" name != null;
  toShellVar =
    name: value:
    if builtins.isAttrs value && !isStringLike value then
      "declare -A ${name}=(${
        concatStringsSep " " (
          lib.mapAttrsToList (n: v: "[${escapeShellArg n}]=${escapeShellArg v}") value
        )
      })"
    else if builtins.isList value then
      "declare -a ${name}=(${escapeShellArgs value})"
    else
      "${name}=${escapeShellArg value}";
  toShellVars = vars: concatStringsSep "\n" (lib.mapAttrsToList toShellVar vars);
  isStringLike =
    x: isString x || builtins.isPath x || x ? outPath || x ? __toString;
  isConvertibleWithToString =
    x:
    isStringLike x
    || builtins.elem (typeOf x) [
      "null"
      "int"
      "float"
      "bool"
    ]
    || builtins.isList x && builtins.all isConvertibleWithToString x;
  isStorePath =
    x:
    isStringLike x && match "${builtins.storeDir}/[0-9a-z]{32}-[^/]+" (toString x) != null;
  sanitizeDerivationName =
    text:
    let
      clean = concatStringsSep "-" (
        builtins.filter isString (split "[^[:alnum:]+._?=-]+" (unsafeDiscardStringContext text))
      );
      start = match "\\.*(.*)" clean;
    in
    if clean == "" then "unknown" else substring 0 211 (lib.head start);

  makeSearchPath =
    subDir: paths:
    concatStringsSep ":" (map (path: "${path}/${subDir}") (builtins.filter (x: x != null) paths));
  makeSearchPathOutput =
    output: subDir: packages:
    makeSearchPath subDir (map (lib.getOutput output) packages);
  makeBinPath = makeSearchPathOutput "bin" "bin";
  makeLibraryPath = makeSearchPathOutput "lib" "lib";
  makeIncludePath = makeSearchPathOutput "dev" "include";

  versionOlder = a: b: compareVersions b a == 1;
  versionAtLeast = a: b: !versionOlder a b;
  versions = {
    inherit splitVersion;
    major = version: builtins.elemAt (splitVersion version) 0;
    minor = version: builtins.elemAt (splitVersion version) 1;
    majorMinor = version: concatStringsSep "." (lib.take 2 (splitVersion version));
  };
  getName = x: if isString x then (parseDrvName x).name else x.pname or (parseDrvName x.name).name;
  getVersion =
    x: if isString x then (parseDrvName x).version else x.version or (parseDrvName x.name).version;

  toInt =
    text:
    let
      parsed = match "[[:space:]]*(-?[1-9][0-9]*|0)[[:space:]]*" text;
    in
    if parsed == null then
      throw "toInt: Could not convert ${escapeNixString text} to int."
    else
      fromJSON (lib.head parsed);
  boolToString = b: if b then "true" else "false";
  cmakeOptionType =
    type: feature: value:
    "-D${feature}:${type}=${value}";
  cmakeBool = feature: on: cmakeOptionType "BOOL" feature (if on then "TRUE" else "FALSE");
  cmakeFeature = cmakeOptionType "STRING";
  mesonOption = feature: value: "-D${feature}=${value}";
  mesonBool = feature: on: mesonOption feature (boolToString on);
  mesonEnable = feature: on: mesonOption feature (if on then "enabled" else "disabled");
  enableFeature = on: feature: "--${if on then "enable" else "disable"}-${feature}";
  enableFeatureAs = on: feature: value: enableFeature on feature + optionalString on "=${value}";
  withFeature = on: feature: "--${if on then "with" else "without"}-${feature}";
  withFeatureAs = on: feature: value: withFeature on feature + optionalString on "=${value}";
}
