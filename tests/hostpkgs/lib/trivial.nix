# Functions, warnings, small constants.
{ lib }:
rec {
  inherit (builtins)
    add
    addErrorContext
    bitAnd
    bitOr
    bitXor
    deepSeq
    isBool
    isFloat
    isInt
    isPath
    lessThan
    pathExists
    readDir
    seq
    sub
    tryEval
    ;
  id = x: x;
  const = x: _: x;
  pipe = builtins.foldl' (x: f: f x);
  flip =
    f: a: b:
    f b a;
  max = a: b: if a > b then a else b;
  min = a: b: if a < b then a else b;
  mod = a: b: a - b * (a / b);
  or = a: b: a || b;
  and = a: b: a && b;
  xor = a: b: a != b;
  mapNullable = f: x: if x == null then x else f x;
  defaultTo = default: x: if x == null then default else x;
  importJSON = path: builtins.fromJSON (builtins.readFile path);
  importTOML = path: fromTOML (builtins.readFile path);
  isFunction = f: builtins.isFunction f || (f ? __functor && isFunction (f.__functor f));
  functionArgs = f: f.__functionArgs or (builtins.functionArgs (if f ? __functor then f.__functor f else f));
  setFunctionArgs = f: args: {
    __functor = _self: f;
    __functionArgs = args;
  };
  toFunction = v: if isFunction v then v else _: v;
  mirrorFunctionArgs =
    f:
    let
      args = functionArgs f;
    in
    g: setFunctionArgs g args;

  warn = message: x: builtins.trace "evaluation warning: ${message}" x;
  warnIf = condition: message: if condition then warn message else id;
  warnIfNot = condition: warnIf (!condition);
  throwIf = condition: message: if condition then throw message else id;
  throwIfNot = condition: throwIf (!condition);
  assertMsg = condition: message: condition || throw message;
  assertOneOf =
    name: value: allowed:
    assertMsg (builtins.elem value allowed) "${name} must be one of ${builtins.toJSON allowed}, but is: ${builtins.toJSON value}";
  info = message: builtins.trace "INFO: ${message}";
  inPureEvalMode = !(builtins ? currentSystem);
  toHexString = n: if n < 16 then hexDigit n else toHexString (n / 16) + hexDigit (mod n 16);
  hexDigit = n: builtins.substring n 1 "0123456789ABCDEF";

  # As in nixpkgs, so that a consumer's check for an oldest release passes here.
  release = "24.11";
  version = "${release}.hostpkgs";
  fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  fakeSha256 = lib.concatStrings (lib.replicate 64 "0");

  licenses =
    lib.mapAttrs
      (
        name: spdxId:
        {
          inherit spdxId;
          shortName = name;
          fullName = spdxId;
          free = true;
        }
      )
      {
        asl20 = "Apache-2.0";
        bsd2 = "BSD-2-Clause";
        bsd3 = "BSD-3-Clause";
        gpl3Plus = "GPL-3.0-or-later";
        mit = "MIT";
        publicDomain = "LicenseRef-public-domain";
        zlib = "Zlib";
      };
  maintainers = { };
}
