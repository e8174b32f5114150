"""Evaluation of whole methods, their records, and the commands."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agents.methods import METHODS
from agents.methods.method import Method
from benchmarks.leaderboard import runner
from benchmarks.leaderboard.__main__ import main
from benchmarks.leaderboard.results import Results
from benchmarks.tracks import running
from benchmarks.tracks.record import TrackRecord, record_path
from mesa_gym.errors import UnknownNameError
from mesa_gym.policies import Policy, constant, uniform


class Lazy(Method):
    """Stays, whatever is wanted."""

    tracks = ("coverage", "labels")

    def train(self, task: Any) -> list[Policy]:
        assert task.starts is None  # coverage gives no information
        envs = task.vector_env(3)
        seen, infos = envs.reset(seed=0)
        assert seen.shape == (3, *task.trap.size, task.channels)
        *_, after = envs.step(np.array([0, 1, 2]))
        assert infos == after == {}  # objectives and level numbers stay hidden
        return [constant(4), uniform()]


class Speechless(Lazy):
    """Enters a track without what it needs."""

    tracks = ("ask",)


class Astray(Lazy):
    """Enters a track that does not exist."""

    tracks = ("labelz",)


LAZY = f"{__name__}:Lazy"


def test_methods_that_share_a_set_are_evaluated_together() -> None:
    groups = running.shared_sets([*METHODS])
    assert sorted(name for group in groups for name in group) == sorted(METHODS)
    (cues,) = [group for group in groups if "cues" in group]
    assert set(cues) == {"cues", "cues-first", "cues-random", "cues-novelty", "cues-posterior"}


@pytest.mark.parametrize("name", METHODS)
def test_every_method_says_what_it_is(name: str) -> None:
    cls = running.method_class(name)
    assert cls.tracks
    assert set(cls.tracks) <= set(running.TRACKS)
    assert cls.__doc__


def test_unknown_methods() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'cues'"):
        running.method_class("cue")
    with pytest.raises(ValueError, match="not a subclass"):
        running.method_class("agents.methods.method:Task")
    with pytest.raises(ValueError, match=r"Speechless .*has no ask\(\)"):
        running.method_class(f"{__name__}:Speechless")
    with pytest.raises(ValueError, match="tracks are coverage, labels, ask"):
        running.method_class(f"{__name__}:Astray")


def test_a_record_says_all_and_survives_the_disk(tmp_path: Path) -> None:
    (record,) = running.evaluated([LAZY], "CheeseDish", 0, 1, "salt", levels=10)
    assert record.coverage
    assert record.labels
    assert record.coverage.value == 0
    assert record.coverage.members[0].solved == 0
    assert {p.steering for p in record.labels.returns} == {0}
    assert record.ask is None
    path = tmp_path / record_path(record.trap, "lazy", 0)
    record.save(path)
    assert TrackRecord.load(path) == record
    assert "salt" not in json.loads(path.read_text())["salt"]
    path.write_text(path.read_text()[:-30])
    with pytest.raises(ValueError, match=str(path)):
        TrackRecord.load(path)


def test_units_are_done_once_and_again_bit_for_bit(tmp_path: Path) -> None:
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        unit, *_ = running.track_units(["CheeseDish"], ["ppo"], 1)
        assert runner.run([unit], folder, 1) == {}
        files = sorted((folder / "tracks").rglob("*.json"))
        made.append([_without_seconds(path) for path in files])
        before = [path.stat().st_mtime_ns for path in files]
        assert runner.run([unit], folder, 1) == {}
        assert [path.stat().st_mtime_ns for path in files] == before
    assert made[0] == made[1]
    assert len(made[0]) == 6


def test_a_damaged_record_is_set_aside_and_made_again(tmp_path: Path) -> None:
    unit, *_ = running.track_units(["CheeseDish"], ["ppo"], 1)
    assert runner.run([unit], tmp_path, 1) == {}
    path = tmp_path / record_path("CheeseDish-v0", "sweeper", 0)
    whole = path.read_text()
    path.write_text(whole[:-30])
    assert runner.run([unit], tmp_path, 1) == {}
    assert json.loads(path.read_text()).keys() == json.loads(whole).keys()
    assert path.with_name(f"{path.name}.damaged-1").read_text() == whole[:-30]


def test_a_record_of_other_steps_is_not_taken_for_this_one(tmp_path: Path) -> None:
    def evaluation(steps: int) -> running.Evaluation:
        make = partial(running.evaluated, [LAZY], "CheeseDish", 0, steps, levels=10)
        return running.Evaluation("CheeseDish", (LAZY.replace(":", "."),), 0, make, 1, steps, 10)

    short, long = evaluation(1), evaluation(2)
    (record,) = short.make()
    (path,) = short.paths()
    record.save(tmp_path / path)
    results = Results(tmp_path)
    assert short.done(results)
    with pytest.raises(ValueError, match=r"steps 1, .*wants 2"):
        long.done(results)


def _without_seconds(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text()) | {"seconds": 0}


@pytest.mark.slow
def test_what_met_the_shift_in_half_of_training_steers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.tracks.shares.SHARES", (0.5,))
    (record,) = running.mitigated("ppo", "CheeseCorner", 0, 150_000, levels=50)
    assert record.alpha
    (point,) = record.alpha
    assert point.steering > 0.6
    assert point.n > 0.8
    assert point.met > 1000


def test_the_example_of_the_rules_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("docs/tracks.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "mine.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    (record,) = running.evaluated(["mine:Mine"], "CheeseDish", 0, 1, levels=10)
    assert record.coverage
    assert record.labels
    assert len(record.coverage.members) == 2


def test_rerun_prints_what_a_method_gets(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["rerun", LAZY, "--traps", "CheeseDish", "--levels", "10", "--steps", "1"]
    assert main([*arguments, "--track", "coverage"]) == 0
    printed = capsys.readouterr()
    assert "C 0.00" in printed.out
    assert "salt" in printed.err
    assert main(["rerun", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
