# Values as text.
{ lib }:
rec {
  toJSON = { }: builtins.toJSON;

  mkKeyValueDefault =
    { }: sep: name: value:
    "${name}${sep}${if lib.isBool value then lib.boolToString value else toString value}";
  toKeyValue =
    {
      mkKeyValue ? mkKeyValueDefault { } "=",
      indent ? "",
      ...
    }:
    set:
    lib.concatLines (lib.mapAttrsToList (name: value: indent + mkKeyValue name value) set);

  # Nix syntax for people to read.
  toPretty =
    {
      multiline ? true,
      indent ? "",
      ...
    }:
    let
      go =
        indent: value:
        let
          start = if multiline then "\n${indent}  " else " ";
          end = if multiline then "\n${indent}" else " ";
          inner = go (indent + "  ");
          args = lib.functionArgs value;
        in
        if value == null then
          "null"
        else if lib.isBool value then
          lib.boolToString value
        else if lib.isString value then
          lib.escapeNixString value
        else if lib.isPath value || lib.isInt value || lib.isFloat value then
          toString value
        else if lib.isList value then
          if value == [ ] then "[ ]" else "[${start}${lib.concatMapStringsSep start inner value}${end}]"
        else if lib.isFunction value then
          if args == { } then
            "<function>"
          else
            "<function, args: {${lib.concatStringsSep ", " (lib.attrNames args)}}>"
        else if lib.isDerivation value then
          "<derivation ${value.name or "???"}>"
        else if value == { } then
          "{ }"
        else
          "{${start}${
            lib.concatStringsSep start (
              lib.mapAttrsToList (
                name: inside:
                "${lib.escapeNixIdentifier name} = ${
                  builtins.addErrorContext "while evaluating the attribute ${name}" (inner inside)
                };"
              ) value
            )
          }${end}}";
    in
    go indent;
}
