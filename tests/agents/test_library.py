"""The library of trained agents: made, kept, found and loaded."""

import dataclasses
import fcntl
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from errno import ENOLCK, ENOSPC
from hashlib import sha256
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from reference import wandered
from training import CORNER, acts

import mesa_gym
from agents import library
from agents.library import (
    FOLDER,
    MANIFEST,
    AgentBatch,
    ManifestEntry,
    find_missing,
    keep_agents,
    load,
    main,
    plan_batches,
    read_manifest,
)
from agents.saving import digest
from agents.train import Run, train_many
from mesa_gym import files
from mesa_gym.policies import as_policy
from mesa_gym.traps import find_trap, package_traps

pytestmark = pytest.mark.thorough
UNIT = AgentBatch(Run("CheeseCorner-v0", steps=10_000), (0, 1))
EARLY = AgentBatch(Run("CheeseCorner-v0", steps=10_000, checkpoints=2), (0,))
NAMES = ["ppo-s0", "ppo-s0-at-5000", "ppo-s1"]
OWN = "CheeseCorner-v0/ppo-s1.safetensors"
ROOT = Path(__file__).parents[2]
Agents = list[tuple[ManifestEntry, bytes]]


@pytest.fixture(scope="module")
def agents() -> Agents:
    """Two agents and a checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "LEVELS", 10)
        both = library.train_batch(UNIT) + library.train_batch(EARLY)
    return sorted(both, key=lambda pair: pair[0].name)


@pytest.fixture
def folder(agents: Agents, tmp_path: Path) -> Path:
    keep_agents(tmp_path / "library", agents)
    return tmp_path / "library"


def test_the_plan_has_all_agents_once() -> None:
    traps, names = list(package_traps().values()), {}
    for everything in (False, True):
        units = plan_batches(traps, everything)
        found = [(unit.run.trap, name) for unit in units for name in unit.names]
        names[everything] = set(found)
        assert len(found) == len(names[everything])
        steps = [unit.steps for unit in units]
        assert steps == sorted(steps, reverse=True)
    # Five planners of every trap with a solver; of four traps five with alpha, and five a goal.
    planners = 17 * 5 + 4 * (5 + 2 * 5)
    # Five seeds a trap; of one five more with alpha, five for each of two goals, and checkpoints.
    assert len(names[False]) == planners + 18 * 5 + 5 + 2 * 5 + 4
    objectives = sum(len(trap().objectives) for trap in traps)
    assert len(names[True]) == planners + 18 * (20 + 3 * 5 + 4) + 5 * objectives
    assert names[False] < names[True]


@pytest.mark.skipif(not FOLDER.exists(), reason="the library is a release file of its own")
def test_what_is_committed_is_the_plan_whole_and_not_too_large() -> None:
    agents, units = read_manifest(), plan_batches(list(package_traps().values()), False)
    planned = {(unit.run.trap, name) for unit in units for name in unit.names}
    assert planned == {(entry.trap, entry.name) for entry in agents}
    for entry in agents:
        assert digest((FOLDER / entry.file).read_bytes()) == entry.digest, entry.file
    sizes = {path: path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()}
    planners = sum(size for path, size in sizes.items() if "planner" in path.name)
    assert planners <= 0.5e6
    assert sum(sizes.values()) - planners <= 25e6


def test_agents_are_those_that_training_gives(agents: Agents, folder: Path, tmp_path: Path) -> None:
    first, second = train_many(UNIT.run, UNIT.seeds)
    (whole,) = train_many(EARLY.run, EARLY.seeds)
    expected = [(first.weights, 0, 10_000), (whole.earlier[5000], 0, 5000)]
    expected.append((second.weights, 1, 10_000))
    planes = CORNER.observe(wandered(CORNER, 100))
    for (entry, data), name, (trained, seed, steps) in zip(agents, NAMES, expected, strict=True):
        assert data == trained
        assert (entry.name, entry.seed, entry.trained_for) == (name, seed, steps)
        assert 0 < max(at for at, _ in entry.curve) <= steps
        assert set(entry.test) == set(entry.shift) == {"cheese", "corner"}
        out = tmp_path / name
        command = ["load", "CheeseCorner", "--seed", str(seed), "--trained-for", str(steps)]
        assert main([*command, "--folder", str(folder), "--out", str(out)]) == 0
        assert (out / "weights.safetensors").read_bytes() == trained
        agent = load("CheeseCorner", seed, trained_for=steps, folder=folder)
        read = as_policy(str(out), CORNER, 64)
        np.testing.assert_array_equal(acts(read, planes), acts(agent, planes))


def test_only_what_is_missing_is_made(folder: Path) -> None:
    more = AgentBatch(UNIT.run, (0, 1, 2))
    assert find_missing([UNIT, EARLY, more], folder) == [more]
    (folder / OWN).unlink()
    assert find_missing([UNIT, EARLY, more], folder) == [UNIT, more]


@pytest.mark.slow
def test_making_goes_on_where_it_stopped(tmp_path: Path, monkeypatch, capsys) -> None:
    """In worker processes, of few agents and steps; the second time makes what was deleted."""
    run = Run("LavaLand-v0", steps=10)
    units = [
        AgentBatch(run, (0, 1)),
        AgentBatch(run, (2, 3)),
        AgentBatch(dataclasses.replace(run, alpha=0.1), (0,)),
    ]
    monkeypatch.setattr(library, "plan_batches", lambda traps, everything: units)

    def make() -> tuple[int, str]:
        """Return the number of agents made, and the manifest."""
        assert main(["make", "--traps", "LavaLand", "--folder", str(tmp_path)]) == 0
        made = int(capsys.readouterr().out.split(" agents to make")[0])
        return made, (tmp_path / MANIFEST).read_text()

    made, before = make()
    assert made == len(read_manifest(tmp_path)) == 5
    (tmp_path / "LavaLand-v0/ppo-s1.safetensors").unlink()
    assert make() == (2, before)  # training repeats itself
    assert make() == (0, before)


def test_the_manifest_holds_what_was_kept(folder: Path, agents: Agents, capsys) -> None:
    keep_agents(folder, agents[:1])
    assert read_manifest(folder) == [entry for entry, _ in agents]
    assert read_manifest(folder / "nowhere") == []
    assert len((folder / MANIFEST).read_text().splitlines()) == 5  # a line an agent
    for trap, names in (("CheeseCorner", NAMES), ("LavaLand", [])):
        assert main(["list", "--folder", str(folder), "--traps", trap]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[:2] for line in lines] == [[f"{trap}-v0", name] for name in names]


def test_a_library_that_is_missing_says_where_to_get_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys
) -> None:
    """As in an unpacked source distribution; what the message says is then done."""
    here = tmp_path / "agents" / "trained"
    command = ["--folder", str(here)]
    for arguments in (["list"], ["load", "CheeseCorner", "--out", str(tmp_path / "out")]):
        assert main([*arguments, *command]) == 2
        assert f"make --folder {here} makes a library there" in capsys.readouterr().err
    monkeypatch.setattr(library, "FOLDER", here)
    with pytest.raises(ValueError, match="there are no trained agents in") as caught:
        load("CheeseCorner", folder=here)
    said = str(caught.value)
    (address,) = re.findall(r"download (\S+) and unpack it", said)
    file = f"mesa_gym-{mesa_gym.__version__}-agents.tar.gz"
    assert address.endswith(f"/releases/download/v{mesa_gym.__version__}/{file}")
    packed, digest_file = tmp_path / file, tmp_path / f"{file}.sha256"
    archives = ROOT / ".ci" / "archives.py"
    source = folder.rename(tmp_path / "trained")
    subprocess.run([sys.executable, archives, source, packed], check=True, capture_output=True)
    assert digest_file.read_text() == f"{sha256(packed.read_bytes()).hexdigest()}  {file}\n"
    here.parent.mkdir()
    unpacking = said.partition("and unpack it, ")[2].split()
    subprocess.run(unpacking, check=True, cwd=tmp_path)
    assert read_manifest(here) == read_manifest(source)
    assert load("CheeseCorner", folder=here).observation == "planes"
    assert main(["list", *command]) == 0


def renamed(agents: Agents, name: str) -> Agents:
    entry, data = agents[0]
    return [(replace(entry, name=name, file=f"CheeseCorner-v0/{name}.safetensors"), data)]


def test_a_full_disk_leaves_the_old_manifest(folder: Path, agents: Agents, monkeypatch) -> None:
    before, rename = (folder / MANIFEST).read_bytes(), os.replace

    def full(source: str, target: Path) -> None:
        if Path(target).name == MANIFEST:
            raise OSError(ENOSPC, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        keep_agents(folder, renamed(agents, "ppo-s9"))
    assert (folder / MANIFEST).read_bytes() == before


def test_several_that_fill_one_folder_lose_nothing(tmp_path: Path, agents: Agents) -> None:
    names = [f"ppo-s{seed}" for seed in range(100, 140)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: keep_agents(tmp_path, renamed(agents, name)), names))
    assert [entry.name for entry in read_manifest(tmp_path)] == names


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seed": 7}, "no agent .* with kind network, seed 7.*it has ppo-s0, ppo-s0-at-5000"),
        ({"alpha": 0.1}, ", seed 0, alpha 0.1 and reward cheese; it has ppo-s0"),
        ({"reward": "corner"}, "reward corner; it has ppo-s0"),
        ({"trained_for": 7}, "after 7 steps; it has ppo-s0"),
        ({"trap": "LavaLand"}, "no agent of LavaLand-v0 .*it has none"),
        ({"trap": "CheseCorner"}, "Did you mean 'CheeseCorner'"),
        ({"kind": "planer"}, "Did you mean 'planner'"),
        ({"trap": find_trap("CheeseCorner")(7)}, r"^(?!.*delete it).*size"),
    ],
)
def test_agents_that_are_not_there_are_named(asked: dict, message: str, folder: Path) -> None:
    with pytest.raises(ValueError, match=message):
        load(**({"trap": "CheeseCorner", "folder": folder} | asked))


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        (OWN, lambda x: x[:-9] + b"?" + x[-8:], "digest is not the manifest's.*delete it, and"),
        (OWN, lambda x: b"", "its digest is not the manifest's"),
        (OWN, None, "missing or damaged .*make --traps CheeseCorner-v0"),
        (MANIFEST, lambda x: b"{", "is damaged .*restore it, or move the folder away"),
        (MANIFEST, lambda x: b"[" * 100_000, "manifest.json is damaged"),
        (MANIFEST, lambda x: x.replace(b'"schema": 2', b'"schema": 3'), "has schema 3, and this"),
        (MANIFEST, lambda x: b'{"agents": []}', "has schema None, and .* reads 2; move the folder"),
        (MANIFEST, lambda x: b'{"schema": 2, "agents": [{"trap": "x"}]}', "json is damaged"),
        (MANIFEST, lambda x: b'{"schema": 2}', "json is damaged"),
        (MANIFEST, lambda x: x.replace(OWN.encode(), b"../secret"), "manifest.json is damaged"),
        (MANIFEST, lambda x: x.replace(OWN.encode(), b"C-v0/.."), "manifest.json is damaged"),
    ],
)
def test_damaged_files_are_refused(file: str, change, message: str, folder: Path) -> None:
    whole = (folder / file).read_bytes()
    (folder / file).unlink()
    if change:
        (folder / file).write_bytes(change(whole))
    with pytest.raises(ValueError, match=message):
        load(CORNER, 1, folder=folder)
    assert main(["list", "--folder", str(folder)]) == (2 if file == MANIFEST else 0)


def test_bad_usage_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["make", "--traps", "LavaLand", "--workers", "0", "--folder", str(tmp_path)]
    assert main(command) == 2
    assert "workers" in capsys.readouterr().err


def test_a_library_that_cannot_be_locked_says_so_and_stays(
    agents: Agents, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lockless(*_: object) -> None:
        raise OSError(ENOLCK, "No locks available")

    before = (folder / MANIFEST).read_bytes()
    monkeypatch.setattr(fcntl, "flock", lockless)
    with pytest.raises(OSError, match="lock cannot be locked, as its file system has no locks"):
        keep_agents(folder, agents[:1])
    assert (folder / MANIFEST).read_bytes() == before


@pytest.mark.timeout(30)
def test_an_interrupted_library_does_not_wait_for_its_workers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(futures: object) -> None:
        raise KeyboardInterrupt

    endless = AgentBatch(Run("CheeseCorner-v0", steps=10**9))
    monkeypatch.setattr(library, "plan_batches", lambda *_: [endless])
    monkeypatch.setattr(library, "as_completed", interrupted)
    before = active_children()
    with pytest.raises(KeyboardInterrupt):
        library.make(tmp_path, [])
    assert active_children() == before
