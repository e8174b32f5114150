"""Compiled programs on disk: what is read again, and what is deleted."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("jax")

from agents import compiling


def test_swapped_programs_are_not_read_again(tmp_path, monkeypatch):
    """JAX reads any file of the right name: swapped ones trained on another reward."""
    monkeypatch.setenv("MESA_GYM_CACHE", str(tmp_path))
    folder = compiling.open_programs()
    monkeypatch.setattr(compiling, "PROGRAM_FOLDER", folder)
    for name in ("kept", "swapped", "other", "cut", "unknown"):
        (folder / f"{name}-cache").write_text(f"code of {name}")
    compiling.keep_programs()
    for ending in ("cache", "digest"):
        shutil.copyfile(folder / f"other-{ending}", folder / f"swapped-{ending}")
    (folder / "cut-cache").write_text("code")
    (folder / "unknown-digest").unlink()
    assert compiling.open_programs() == folder
    assert {path.name for path in folder.glob("*-cache")} == {"kept-cache", "other-cache"}
    folder.chmod(0o770)
    assert compiling.open_programs() is None


def test_programs_of_tests_are_apart():
    assert compiling.PROGRAM_FOLDER.parents[2] == Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("platform", "flags", "options"),
    [
        ("gpu", "", {"xla_gpu_autotune_level": 0}),
        ("gpu", "--xla_gpu_autotune_level=4", {}),
        ("cpu", "", {}),
    ],
)
def test_products_are_not_tuned_on_a_gpu(monkeypatch, platform, flags, options):
    monkeypatch.setenv("XLA_FLAGS", flags)
    batch = compiling.AgentBatch([SimpleNamespace(platform=platform)])
    assert batch._find_options() == options


def test_option_of_tuning_is_known_to_xla():
    """An option that XLA does not know is refused, on a CPU as well."""
    double = compiling.jax.jit(lambda x: 2 * x).lower(1)
    assert double.compile(compiler_options={"xla_gpu_autotune_level": 0})(1) == 2
