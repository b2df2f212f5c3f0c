"""Show where store paths occur below folders, in every form."""

from __future__ import annotations

import argparse


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from splitphase.hashes.survey import add_subjects

    add_subjects(parser)


def execute(args: argparse.Namespace) -> int:
    """Print a table, or JSON."""
    import json

    from splitphase.hashes.survey import engine_of, survey

    result = survey(args.folders, engine_of(args))
    print(json.dumps(result.as_json(), indent=1) if args.json else result.table())
    return 0
