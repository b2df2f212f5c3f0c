"""What cargo left in its target folder, and which settings make a build unknowable."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from splitphase.checkpoint import cargograph
from splitphase.checkpoint.cargograph import Package, Plan
from splitphase.checkpoint.cargotarget import read_target

HASH = "0123456789abcdef"
PACKAGE = Package("d", (), ("source/part",), ("some_part",), vendored=False, script=True, macros=False, links=False)
PLAN = Plan("source/target", "source", {}, {"some-part": PACKAGE})


def write(top: Path, path: str, text: str = "") -> None:
    place = top / "source/target" / path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text)


def built(top: Path) -> None:
    write(top, "CACHEDIR.TAG")
    write(top, f"release/.fingerprint/some-part-{HASH}/lib-some-part")
    write(top, f"release/deps/libsome_part-{HASH}.rlib")
    write(
        top,
        f"release/deps/some_part-{HASH}.d",
        f"/x/libsome_part-{HASH}.rlib: part/src/lib.rs part/a\\ b.txt\n\n"
        "part/src/lib.rs:\npart/a\\ b.txt:\n\n# env-dep:NAME=value=1\n",
    )
    write(top, f"release/build/some-part-{HASH}/output", "cargo:rerun-if-changed=x\ncargo::rerun-if-env-changed=Y\n")


def test_reads_what_belongs_to_a_package(tmp_path: Path) -> None:
    built(tmp_path)
    write(tmp_path, "release/deps/libsome_part.so")
    write(tmp_path, "release/incremental/some_part-abc/s-1/dep-graph.bin")
    found = read_target(str(tmp_path), PLAN)
    assert isinstance(found, dict)
    part = found["some-part"]
    assert len(part.files) == 5
    assert part.sources == ["part/src/lib.rs", "part/a b.txt"]
    assert part.declared == ["x"]
    assert part.variables == {"NAME": "value=1", "Y": ""}
    assert not part.refused


def test_the_folder_may_be_that_of_a_target(tmp_path: Path) -> None:
    write(tmp_path, "x86_64-unknown-linux-gnu/release/.cargo-lock")
    write(tmp_path, f"x86_64-unknown-linux-gnu/release/deps/libsome_part-{HASH}.rlib")
    found = read_target(str(tmp_path), PLAN)
    assert isinstance(found, dict)
    assert len(found["some-part"].files) == 1
    write(tmp_path, "x86_64-unknown-linux-gnu/release/more/.cargo-lock")
    assert "is of no package that is known" in str(read_target(str(tmp_path), PLAN))


@pytest.mark.parametrize(
    "path",
    [
        "release/deps/libother-fedcba9876543210.rlib",
        "release/.fingerprint/other-0123456789abcdef/lib-other",
        "release/written-by-a-script.txt",
        "release/completions/prog.fish",
        "notes",
    ],
)
def test_refuses_what_belongs_to_none(tmp_path: Path, path: str) -> None:
    built(tmp_path)
    write(tmp_path, path)
    assert "is of no package that is known" in str(read_target(str(tmp_path), PLAN))


def test_refuses_a_crate_of_two_packages(tmp_path: Path) -> None:
    built(tmp_path)
    write(tmp_path, "release/deps/libsome_part.so")
    two = replace(PLAN, packages={**PLAN.packages, "twin": PACKAGE})
    assert "libsome_part.so is of no package" in str(read_target(str(tmp_path), two))


def test_an_empty_folder_of_a_build_script_is_not_carried(tmp_path: Path) -> None:
    built(tmp_path)
    (tmp_path / f"source/target/release/build/some-part-{HASH}/out/empty").mkdir(parents=True)
    found = read_target(str(tmp_path), PLAN)
    assert isinstance(found, dict)
    assert found["some-part"].refused == "its build script made an empty folder"


def test_the_number_of_jobs_is_no_argument() -> None:
    assert cargograph.without_jobs(["build", "-j", "8", "--jobs", "2", "-j4", "--jobs=3", "--release"]) == [
        "build",
        "--release",
    ]


@pytest.mark.parametrize(
    ("name", "value", "known"),
    [
        ("RUSTFLAGS", "-C target-feature=-crt-static -C opt-level=2", True),
        ("RUSTFLAGS", "-C link-arg=-fuse-ld=mold", True),
        ("RUSTFLAGS", "-C link-arg=-Tmemory.x", False),
        ("RUSTFLAGS", "-C profile-use=data.profdata", False),
        ("RUSTFLAGS", "-L libs", False),
        ("RUSTC_WRAPPER", "sccache", False),
        ("CARGO_BUILD_TARGET", "custom.json", False),
        ("NIX_LDFLAGS", "-L/nix/store/x/lib", True),
    ],
)
def test_settings_that_read_unknown_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, value: str, *, known: bool
) -> None:
    for variable in ("RUSTFLAGS", "NIX_LDFLAGS", "RUSTC_WRAPPER"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(cargograph.shutil, "which", lambda _: "/usr/bin/cargo")
    monkeypatch.chdir(tmp_path)
    assert (cargograph.odd_settings(str(tmp_path), ["build"]) == "") is known


def test_settings_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".cargo").mkdir()
    (tmp_path / ".cargo/config.toml").write_text('[build]\nrustc-wrapper = "x"\n')
    monkeypatch.delenv("RUSTFLAGS", raising=False)
    monkeypatch.chdir(tmp_path)
    assert cargograph.odd_settings(str(tmp_path), ["build"]).startswith(".cargo/config.toml has rustc-wrapper")


def test_asking_cargo_leaves_the_lock_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "Cargo.lock"
    lock.write_text("old")
    monkeypatch.chdir(tmp_path)
    moment = lock.stat().st_mtime_ns
    with cargograph.locks_kept(str(tmp_path), []):
        lock.write_text("new")
    assert (lock.read_text(), lock.stat().st_mtime_ns) == ("old", moment)
