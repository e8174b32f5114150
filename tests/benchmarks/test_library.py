"""The making of the library: its plan, its trainings, and its errors."""

import shutil
from pathlib import Path

import pytest

from agents.config import Run
from agents.train import train_many
from benchmarks.library import find_lacking, write_entries
from mesa_gym.trained.library import MANIFEST, load, read_manifest
from tests.support.libraries import BOTH, NAMES, make_library

pytestmark = pytest.mark.thorough
OWN = "CheeseCorner-v0/ppo-s1.safetensors"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A library, not to be changed."""
    return make_library(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def folder(whole, tmp_path):
    """A copy."""
    return Path(shutil.copytree(whole, tmp_path / "library"))


def test_library_agents_equal_trained_agents(folder):
    both = train_many(BOTH[0], (0, 1))
    for seed, (entry, name, trained) in enumerate(
        zip(read_manifest(folder), NAMES, both, strict=True)
    ):
        assert (folder / entry.weights).read_bytes() == trained.weights
        assert (entry.name, entry.seed) == (name, seed)
        assert entry.curve[-1][0] == entry.steps == 12_288  # three whole rollouts
        assert set(entry.test) == set(entry.shift) == {"cheese", "corner"}
        assert load("CheeseCorner", seed, folder=folder).kind == "network"


def test_library_make_trains_missing_agents_only(folder):
    more = Run("CheeseCorner-v0", seed=2, steps=10_000)
    assert find_lacking([*BOTH, more], folder) == [more]
    (folder / OWN).unlink()
    assert find_lacking(BOTH, folder) == BOTH[1:]


def test_manifest_keeps_other_entries(folder):
    before = read_manifest(folder)
    write_entries(folder, before[:1])
    assert read_manifest(folder) == before
    assert read_manifest(folder / "nowhere") == []
    assert len((folder / MANIFEST).read_text().splitlines()) == 4  # a line an agent
