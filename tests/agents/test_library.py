"""The library of trained agents: made, kept, found and loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from reference import wandered

from agents import library
from agents.library import FOLDER, MANIFEST, Entry, Unit, keep, load, made, main, manifest, plan
from agents.saving import digest
from agents.train import Run, train_many
from mesa_gym import files
from mesa_gym.policies import load_policy
from mesa_gym.traps import find_trap, package_traps

CORNER = find_trap("CheeseCorner")()
PLANES = CORNER.observe(wandered(CORNER, 100))
UNIT = Unit(Run("CheeseCorner", steps=10_000), (0, 1))
EARLY = Unit(Run("CheeseCorner", steps=10_000, checkpoints=2), (0,))


@pytest.fixture(scope="module")
def agents() -> list[tuple[Entry, bytes]]:
    """Two agents and a checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(library, "LEVELS", 10)
        return sorted(made(UNIT) + made(EARLY), key=lambda pair: pair[0].name)


@pytest.fixture
def folder(agents: list[tuple[Entry, bytes]], tmp_path: Path) -> Path:
    keep(tmp_path / "library", agents)
    return tmp_path / "library"


# -- planning and making ---------------------------------------------------------------------------


def test_the_plan_has_all_agents_once() -> None:
    traps, names = list(package_traps().values()), {}
    for everything in (False, True):
        units = plan(traps, everything)
        found = [(unit.run.trap, name) for unit in units for name in unit.names]
        names[everything] = set(found)
        assert len(found) == len(names[everything])
        steps = [unit.steps for unit in units]
        assert steps == sorted(steps, reverse=True)
    # Five seeds a trap; of one five more with alpha, five for each of two goals, and checkpoints.
    assert len(names[False]) == 17 * 5 + 5 + 2 * 5 + 4
    objectives = sum(len(trap().objectives) for trap in traps)
    assert len(names[True]) == 17 * (20 + 3 * 5 + 4) + 5 * objectives
    assert names[False] < names[True]


def test_agents_are_those_that_training_gives(agents: list[tuple[Entry, bytes]]) -> None:
    assert [entry.name for entry, _ in agents] == ["ppo-s0", "ppo-s0-at-5000", "ppo-s1"]
    first, second = train_many(UNIT.run, UNIT.seeds)
    (whole,) = train_many(EARLY.run, EARLY.seeds)
    expected = [(first.weights, 0, 10_000), (whole.earlier[5000], 0, 5000)]
    expected.append((second.weights, 1, 10_000))
    for (entry, data), (trained, seed, steps) in zip(agents, expected, strict=True):
        assert data == trained
        assert (entry.seed, entry.trained_for, entry.steps) == (seed, steps, 10_000)
        assert 0 < max(at for at, _ in entry.curve) <= steps
        assert set(entry.test) == set(entry.shift) == {"cheese", "corner"}


def test_only_what_is_missing_is_made(folder: Path) -> None:
    assert library._done(UNIT, folder)
    assert library._done(EARLY, folder)
    assert not library._done(Unit(UNIT.run, (0, 1, 2)), folder)
    (folder / "CheeseCorner-v0" / "ppo-s1.safetensors").unlink()
    assert not library._done(UNIT, folder)


SMALL = """
from dataclasses import replace
import agents.library as library, agents.train as train
train.STEPS.clear()
train.USUAL_STEPS = library.LEVELS = 10
plan = library.plan
library.plan = lambda *given: [replace(unit, seeds=unit.seeds[:2]) for unit in plan(*given)]
if __name__ == "__main__":
    raise SystemExit(library.main())
"""


@pytest.mark.slow
def test_making_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """Whole processes of few agents and steps; the second makes what was deleted."""
    (tmp_path / "small.py").write_text(SMALL)
    made_in = tmp_path / "library"
    command = [sys.executable, tmp_path / "small.py", "make", "--folder", made_in]
    command += ["--traps", "CheeseCorner", "LavaLand"]
    environment = os.environ | {"PYTHONPATH": os.getcwd()}

    def run(agents: int) -> dict[str, int]:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
        assert done.stdout.startswith(f"{agents} agents to make")
        entries = manifest(made_in).agents
        return {each.file: (made_in / each.file).stat().st_mtime_ns for each in entries}

    first, before = run(14), (made_in / MANIFEST).read_text()  # the example has 10 more
    assert len(first) == 14
    missing = "LavaLand-v0/ppo-s1.safetensors"
    (made_in / missing).unlink()
    again = run(2)
    changed = {file for file in first if first[file] != again[file]}
    assert {missing} <= changed <= {missing, "LavaLand-v0/ppo-s0.safetensors"}
    assert (made_in / MANIFEST).read_text() == before  # training repeats itself
    assert run(0) == again


def test_bad_usage_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["make", "--traps", "LavaLand", "--workers", "0", "--folder", str(tmp_path)]
    assert main(command) == 2
    assert "workers" in capsys.readouterr().err


# -- keeping ---------------------------------------------------------------------------------------


def test_the_manifest_holds_what_was_kept(folder: Path, agents) -> None:
    keep(folder, agents[:1])
    assert manifest(folder).agents == [entry for entry, _ in agents]
    assert manifest(folder / "nowhere").agents == []
    assert len((folder / MANIFEST).read_text().splitlines()) == 5  # a line an agent


def test_a_full_disk_leaves_the_old_manifest(folder: Path, agents, monkeypatch) -> None:
    before, rename = (folder / MANIFEST).read_bytes(), os.replace

    def full(source: str, target: Path) -> None:
        if Path(target).name == MANIFEST:
            raise OSError(ENOSPC, "No space left on device")
        rename(source, target)

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        keep(folder, [renamed(agents[0], "ppo-s9")])
    monkeypatch.undo()
    assert (folder / "CheeseCorner-v0" / "ppo-s9.safetensors").exists()
    assert (folder / MANIFEST).read_bytes() == before
    keep(folder, [renamed(agents[0], "ppo-s9")])
    assert [entry.name for entry in manifest(folder).agents][-1] == "ppo-s9"


def test_several_that_fill_one_folder_lose_nothing(tmp_path: Path, agents) -> None:
    names = [f"ppo-s{seed}" for seed in range(100, 140)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: keep(tmp_path, [renamed(agents[0], name)]), names))
    assert [entry.name for entry in manifest(tmp_path).agents] == names


def renamed(agent: tuple[Entry, bytes], name: str) -> tuple[Entry, bytes]:
    return replace(agent[0], name=name, file=f"CheeseCorner-v0/{name}.safetensors"), agent[1]


# -- loading ---------------------------------------------------------------------------------------


def test_agents_and_checkpoints_load(folder: Path, tmp_path: Path, capsys) -> None:
    (trained,) = train_many(EARLY.run, EARLY.seeds)
    expected = [trained.weights, trained.earlier[5000]]
    for steps, data in zip(("10000", "5000"), expected, strict=True):
        command = ["load", "CheeseCorner", "--trained-for", steps, "--folder", str(folder)]
        assert main([*command, "--out", str(tmp_path / steps)]) == 0
        assert capsys.readouterr().out.strip() == str(tmp_path / steps)
        assert (tmp_path / steps / "weights.safetensors").read_bytes() == data
        acted = load("CheeseCorner", 0, trained_for=int(steps), folder=folder).act(PLANES)
        read = load_policy(str(tmp_path / steps), CORNER, 64).act(PLANES)
        np.testing.assert_array_equal(read, acted)


def test_the_command_lists_agents(folder: Path, capsys) -> None:
    for trap, names in (("CheeseCorner", ["ppo-s0", "ppo-s0-at-5000", "ppo-s1"]), ("LavaLand", [])):
        assert main(["list", "--folder", str(folder), "--traps", trap]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[:2] for line in lines] == [[f"{trap}-v0", name] for name in names]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seed": 7}, "no agent of CheeseCorner-v0 with seed 7.*it has ppo-s0, ppo-s0-at-5000"),
        ({"alpha": 0.1}, "with seed 0, alpha 0.1 and reward cheese; it has ppo-s0"),
        ({"reward": "corner"}, "reward corner; it has ppo-s0"),
        ({"trained_for": 7}, "after 7 steps; it has ppo-s0"),
        ({"trap": "LavaLand"}, "no agent of LavaLand-v0 .*it has none"),
        ({"trap": "CheseCorner"}, "Did you mean 'CheeseCorner'"),
        ({"trap": find_trap("CheeseCorner")(7)}, r"^(?!.*delete it).*size"),
    ],
)
def test_agents_that_are_not_there_are_named(asked: dict, message: str, folder: Path) -> None:
    with pytest.raises(ValueError, match=message):
        load(**({"trap": "CheeseCorner", "folder": folder} | asked))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda data: data[:-9] + b"?" + data[-8:], "digest is not the manifest's.*delete it, and"),
        (lambda data: b"", "its digest is not the manifest's"),
        (None, "missing or damaged .*make --traps CheeseCorner-v0"),
    ],
)
def test_damaged_weights_are_refused(damage, message: str, folder: Path) -> None:
    path = folder / "CheeseCorner-v0" / "ppo-s1.safetensors"
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ValueError, match=message):
        load(CORNER, 1, folder=folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "manifest.json is damaged .*restore it, or move the folder away"),
        ("[" * 100_000, "manifest.json is damaged"),
        ('{"schema": 2, "agents": []}', "has schema 2, and this version of mesa_gym reads 1; move"),
        ('{"agents": []}', "has schema None"),
        ('{"schema": 1, "agents": [{"trap": "x"}]}', "manifest.json is damaged"),
        ("../secret", "manifest.json is damaged"),  # as the name of a file
        ("CheeseCorner-v0/..", "manifest.json is damaged"),
    ],
)
def test_damaged_manifests_are_refused(text: str, message: str, folder: Path) -> None:
    if text[0] not in "[{":
        whole = (folder / MANIFEST).read_text()
        text = whole.replace("CheeseCorner-v0/ppo-s1.safetensors", text)
    (folder / MANIFEST).write_text(text)
    with pytest.raises(ValueError, match=message):
        load(CORNER, folder=folder)
    assert main(["list", "--folder", str(folder)]) == 2


# -- what is committed -----------------------------------------------------------------------------


def test_the_committed_library_is_whole() -> None:
    agents = manifest().agents
    names = {(entry.trap, entry.name) for entry in agents}
    units = plan([*package_traps().values()], everything=False)
    assert names == {(unit.run.trap, name) for unit in units for name in unit.names}
    for entry in agents:
        assert digest((FOLDER / entry.file).read_bytes()) == entry.digest, entry.file
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 25e6
