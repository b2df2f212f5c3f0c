"""Checkpoints: the objects of an earlier build of a package, reused where nothing that they were made from differs."""
