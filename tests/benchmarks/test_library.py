"""The making of the library: its plan, what it trains, and what stops it."""

import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from errno import ENOSPC
from functools import partial
from hashlib import sha256
from pathlib import Path
from unittest.mock import Mock

import pytest
from libraries import BOTH, EARLY, NAMES, make_library
from msgspec import structs

import mesa_gym
from agents.run import Run
from agents.train import train_many
from benchmarks import library as making
from benchmarks.jobs import runner
from benchmarks.jobs.agents import name_agents
from benchmarks.library import find_lacking, main, write_entries
from benchmarks.plan import list_single_traps, plan_runs
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


def test_library_plan_has_all_agents_once():
    traps, names = list_single_traps(), {}
    for everything in (False, True):
        runs = plan_runs(traps, everything)
        found = [(run.trap, name) for run in runs for name in name_agents(run)]
        names[everything] = set(found)
        assert len(found) == len(names[everything])
    # Five planners of every trap with a solver; of four traps five with alpha, and five a goal.
    planners = 17 * 5 + 4 * (5 + 2 * 5)
    # Five seeds a trap; of one five more with alpha, five for each of two goals, and checkpoints.
    assert len(names[False]) == planners + 18 * 5 + 5 + 2 * 5 + 4
    objectives = sum(len(trap().objectives) for trap in traps)
    assert len(names[True]) == planners + 18 * (20 + 3 * 5 + 4) + 5 * objectives
    assert names[False] < names[True]


def test_agents_are_those_that_training_gives(folder):
    first, second = train_many(BOTH[0], (0, 1))
    (early,) = train_many(EARLY, (0,))
    expected = [(first, 0, None), (early.earlier[5000], 0, 5000), (second, 1, None)]
    for entry, name, (trained, seed, steps) in zip(
        read_manifest(folder), NAMES, expected, strict=True
    ):
        assert (folder / entry.weights).read_bytes() == trained.weights
        assert (entry.name, entry.seed, entry.trained_for) == (name, seed, steps)
        assert 0 < max(at for at, _ in entry.curve) <= (steps or 10_000)
        assert set(entry.test) == set(entry.shift) == {"cheese", "corner"}
        assert load("CheeseCorner", seed, trained_for=steps, folder=folder).kind == "network"


def test_only_what_is_missing_is_made(folder):
    more = Run("CheeseCorner-v0", seed=2, steps=10_000)
    assert find_lacking([*BOTH, EARLY, more], folder) == [more]
    (folder / OWN).unlink()
    assert find_lacking([*BOTH, EARLY], folder) == BOTH[1:]


@pytest.mark.slow
def test_making_goes_on_where_it_stopped(tmp_path, monkeypatch, capsys):
    """In processes of their own, of few agents and steps; the second time makes what was lost."""
    runs = [Run("LavaLand-v0", seed=seed, steps=10) for seed in (0, 1, 6)]
    runs.append(replace(runs[0], alpha=0.1))
    monkeypatch.setattr(making, "plan_runs", lambda traps, everything: runs)
    monkeypatch.setattr(making, "LEVELS", 10)

    def make():
        """Return how many jobs were done, and the manifest."""
        assert main(["make", "--traps", "LavaLand", "--out", str(tmp_path)]) == 0
        (told,) = re.findall(r"(\d of \d) jobs done", capsys.readouterr().err)
        return told, (tmp_path / MANIFEST).read_text()

    told, before = make()
    assert told == "3 of 3"
    assert len(read_manifest(tmp_path)) == 4
    # A lost file is copied once more, and where the work is lost too, made again.
    for lost, again in (("ppo-s1.safetensors", "0 of 0"), ("ppo-s0.safetensors", "1 of 1")):
        (tmp_path / "LavaLand-v0" / lost).unlink()
        if again == "1 of 1":
            shutil.rmtree(tmp_path / ".work")
        other = (tmp_path / "LavaLand-v0/ppo-s6.safetensors").stat()
        assert make() == (again, before)  # training repeats itself
        assert (tmp_path / "LavaLand-v0/ppo-s6.safetensors").stat() == other
    assert make() == ("0 of 0", before)


def test_manifest_holds_what_was_kept(folder):
    before = read_manifest(folder)
    write_entries(folder, before[:1])
    assert read_manifest(folder) == before
    assert read_manifest(folder / "nowhere") == []
    assert len((folder / MANIFEST).read_text().splitlines()) == 5  # a line an agent


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


def test_full_disk_leaves_the_old_manifest(folder, monkeypatch):
    before = (folder / MANIFEST).read_bytes()
    entry = structs.replace(read_manifest(folder)[0], name="ppo-s9")
    monkeypatch.setattr(os, "replace", Mock(side_effect=OSError(ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space left"):
        write_entries(folder, [entry])
    assert (folder / MANIFEST).read_bytes() == before


def test_several_that_fill_one_folder_lose_nothing(tmp_path, whole):
    entry = read_manifest(whole)[0]
    names = [f"ppo-s{seed}" for seed in range(100, 140)]
    with ThreadPoolExecutor(8) as pool:
        entries = [[structs.replace(entry, name=name)] for name in names]
        list(pool.map(partial(write_entries, tmp_path), entries))
    assert [entry.name for entry in read_manifest(tmp_path)] == names


def test_damaged_manifest_stops_before_the_work(folder, monkeypatch):
    monkeypatch.setattr(runner, "run", pytest.fail)
    (folder / MANIFEST).write_text("{")
    assert main(["make", "--traps", "LavaLand", "--out", str(folder)]) == 2
