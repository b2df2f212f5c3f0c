"""The command line: one place that dispatches, sets the log level and turns errors into messages."""

from __future__ import annotations

import argparse
import gc
import logging
import sys
from importlib import import_module

from splitphase import __version__
from splitphase.errors import SplitphaseError

COMMANDS = (
    "find",
    "escape",
    "restore",
    "verify",
    "save",
    "unsplit",
    "resume",
    "rewrite",
    "report",
    "serve",
    "record",
    "skeleton",
    "watch",
)


def main(arguments: list[str] | None = None) -> int:
    """Run `splitphase COMMAND ...`; exit codes: 0 done, 1 an error that a user can mend, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="splitphase", description="The helper behind splitphase's Nix functions.")
    parser.add_argument("--version", action="version", version=f"splitphase {__version__}")
    parser.add_argument("-v", "--verbose", action="store_true", help="log what is decided and why")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    # A process this short has little to collect, and looking for it takes a tenth of its time.
    gc.set_threshold(100_000, 50, 50)
    words = sys.argv[1:] if arguments is None else arguments
    named = [word for word in words if not word.startswith("-")][:1]
    # Every start of the helper is part of a build: only what is asked for is loaded.
    for name in named if named and named[0] in COMMANDS else COMMANDS:
        module = import_module(f"splitphase.commands.{name}")
        summary = (module.__doc__ or "").splitlines()[0]
        command = commands.add_parser(name, help=summary, description=summary)
        module.configure_parser(command)
        command.set_defaults(execute=module.execute)
    parsed = parser.parse_args(arguments)
    logging.basicConfig(
        format="splitphase: %(message)s", level=logging.INFO if parsed.verbose else logging.WARNING, stream=sys.stderr
    )
    try:
        return int(parsed.execute(parsed))
    except SplitphaseError as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        return 1
