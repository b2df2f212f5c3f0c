/**
  A JSON file of ours in a derivation that is built for it while Nix evaluates (import from derivation).

  `what` is the file's name for people, `step` what is done to have it, `name` the package's name, `version` the one that is
  understood.
*/
_:
{
  what,
  step,
  name,
  version,
}:
file:
let
  found =
    builtins.addErrorContext
      "while reading the ${what} of ${name}: splitphase ${step} during evaluation (import from derivation); with 'allow-import-from-derivation = false' use the package unsplit, as its passthru.splitphase.stock"
      (builtins.fromJSON (builtins.unsafeDiscardStringContext (builtins.readFile file)));
in
if (found.version or null) != version then
  throw ''
    splitphase: the ${what} of ${name} has version ${builtins.toJSON (found.version or null)}, but this lib reads ${toString version}.
    The helper and the lib come from different revisions of splitphase: use one `splitphase` input for both.''
else
  found
