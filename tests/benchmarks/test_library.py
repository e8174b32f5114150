"""The making of the library: its plan, what it trains, and what stops it."""

import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest
from libraries import BOTH, NAMES, make_library

import mesa_gym
from agents.run import Run
from agents.train import train_many
from benchmarks.library import find_lacking, write_entries
from mesa_gym.trained import library
from mesa_gym.trained.library import MANIFEST, load, read_manifest

pytestmark = pytest.mark.thorough
OWN = "CheeseCorner-v0/ppo-s1.safetensors"
ROOT = Path(__file__).parents[2]


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


def test_missing_networks_say_where_to_get_them(folder, tmp_path, monkeypatch):
    """As in an installed package; what the message says is then done."""
    here, source = tmp_path / "trained" / "weights", folder.rename(tmp_path / "weights")
    here.mkdir(parents=True)
    shutil.copy(source / MANIFEST, here)
    monkeypatch.setattr(library, "FOLDER", here)
    with pytest.raises(ValueError, match="an installed package has the planners and") as caught:
        load("CheeseCorner", folder=here)
    said = str(caught.value)
    (address,) = re.findall(r"download (\S+) and unpack it", said)
    file = f"mesa_gym-{mesa_gym.__version__}-agents.tar.gz"
    assert address.endswith(f"/releases/download/v{mesa_gym.__version__}/{file}")
    packed, digest_file = tmp_path / file, tmp_path / f"{file}.sha256"
    archives = ROOT / ".ci" / "archives.py"
    subprocess.run([sys.executable, archives, source, packed], check=True, capture_output=True)
    assert digest_file.read_text() == f"{sha256(packed.read_bytes()).hexdigest()}  {file}\n"
    unpacking = said.partition("and unpack it, ")[2].split()
    subprocess.run(unpacking, check=True, cwd=tmp_path)
    assert read_manifest(here) == read_manifest(source)
    assert load("CheeseCorner", folder=here).observation == "planes"
