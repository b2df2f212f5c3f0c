"""Say whether any trace of store paths is left below folders; exit code 1 if so."""

from __future__ import annotations

import argparse


def configure_parser(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    from splitphase.hashes.survey import add_subjects

    add_subjects(parser)


def execute(args: argparse.Namespace) -> int:
    """Print what is left; notes say what could not be looked into."""
    import json

    from splitphase.hashes.survey import engine_of, survey

    result = survey(args.folders, engine_of(args))
    if args.json:
        print(json.dumps(result.as_json(), indent=1))
    elif result.finds:
        print(result.table())
    else:
        print("no trace is left")
        for path, text in result.notes:
            print(f"note: {path}: {text}")
    return 1 if result.finds else 0
