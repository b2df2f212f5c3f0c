"""splitphase: cut a Nix package into derivations that are cached one by one. This is the helper that Nix calls."""

__version__ = "0.1.0"
