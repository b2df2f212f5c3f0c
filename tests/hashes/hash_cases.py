"""What the tests of the hash engine share: hashes, forms of text, and the compilers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from splitphase.hashes.forms import SHAPES, Form, forms_of, subjects
from splitphase.rewrite import Rewriter
from splitphase.tokens import tokens

OUT, DEV, OTHER = (
    "0c5b8vw40dy178xlpddw65q9gf1h2186",
    "p4m9xk2rqz7ywl1vj8s3n6hd5gf0cbaa",
    "b7n2x9qk4wz1h6m8r0s5v3a7d2f9g4j1",
)
OUTPUTS = {"out": f"/nix/store/{OUT}-hello-1.0", "dev": f"/nix/store/{DEV}-hello-1.0-dev"}
NAMES = {OUT: "hello-1.0", DEV: "hello-1.0-dev"}
TOKENS = {name: pair[0] for name, pair in tokens(OUTPUTS).items()}
ESCAPE, RESTORE = Rewriter.escaping(OUTPUTS), Rewriter.restoring(OUTPUTS)
FORMS: tuple[Form, ...] = forms_of(subjects({OUT: TOKENS["out"], DEV: TOKENS["dev"]}, NAMES))
LABELS = [f"{shape.label or 'plain'} {index}" for index, shape in enumerate(SHAPES)]


def in_shape(index: int, text: str) -> bytes:
    """A text whose first 43 characters are /nix/store/ and a hash, in a shape."""
    return SHAPES[index].encode(text)


def compile_c(folder: Path, text: str, *words: str, compiler: str = "gcc", output: str = "main") -> Path:
    """Compile; the source is beside the result."""
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    (folder / "main.c").write_text(text)
    subprocess.run([compiler, "-w", "-o", output, "main.c", *words], cwd=folder, check=True)
    return folder / output


def run(path: Path) -> str:
    return subprocess.run([str(path)], check=True, capture_output=True, text=True).stdout


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program}")
