"""One derivation for each compile and link of a package: from recorded calls to actions, packs and the manifest."""
