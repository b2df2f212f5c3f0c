"""Ninja's files: build.ninja, .ninja_log, .ninja_deps, and the hashes of commands."""
