"""The subcommands: each module has `configure_parser` and `execute`."""
