"""Hashes and names that a program of the corpus knows: its old paths, its new ones, and somebody else's."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

BASE32 = "0123456789abcdfghijklmnpqrsvwxyz"
NAMES = ("hello-1.0", "x", "a-very-long-name-2.34.5", "z3-4.12.2", "gtk+3-3.24.38", "python3.11-numpy-1.24.2")


@dataclass(frozen=True, slots=True)
class World:
    """Two outputs of one name, and a path that is another package's and stays."""

    number: int
    name: str
    out: str
    dev: str
    other: str
    other_name: str

    @property
    def outputs(self) -> dict[str, str]:
        """What `--output` is given."""
        return {"out": f"/nix/store/{self.out}-{self.name}", "dev": f"/nix/store/{self.dev}-{self.name}-dev"}

    @property
    def foreign(self) -> str:
        """The other package's path."""
        return f"/nix/store/{self.other}-{self.other_name}"

    def values(self) -> dict[str, str]:
        """What the programs are compiled with: macros in C, variables of the environment in Rust."""
        out = self.outputs["out"]
        return {
            "OUT": out,
            "DEV": self.outputs["dev"],
            "OTHER": self.foreign,
            "OTHER_HASH": self.other,
            "HASH": self.out,
            "NAME": self.name,
            "SEED": self.out[:10],
            "UPPER": out.upper(),
            "MIXED": out.replace(self.out, self.out.upper()),
        }


def world(number: int, seed: int) -> tuple[World, World]:
    """A world as it is built and as it is to be: both outputs have other hashes.

    In one of three the other package's hash begins and ends like the old one, in one it also has its name.
    """
    rng = random.Random(f"{seed} {number}")

    def value() -> str:
        return "".join(rng.choices(BASE32, k=32))

    name = NAMES[number % len(NAMES)]
    out, dev, other = value(), value(), value()
    other_name = "glibc-2.38"
    if number % 3 == 1:
        other = out[:1] + other[1:31] + out[31:]
    if number % 3 == 2:
        other = out[:2] + other[2:30] + out[30:]
        other_name = name
    old = World(number, name, out, dev, other, other_name)
    new = replace(old, out=value(), dev=value())
    if number % 2:
        new = replace(new, out=out[:1] + new.out[1:])
    return old, new
