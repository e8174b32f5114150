"""Evaluation of whole methods, their records, and the commands."""

import json
import re
from functools import partial
from pathlib import Path

import pytest
from strangers import LAZY

from benchmarks.jobs import runner
from benchmarks.jobs.store import COMMITTED, Results
from benchmarks.tracks import running
from benchmarks.tracks.checks import CHECKS
from benchmarks.tracks.commands import main
from benchmarks.tracks.evaluation import Evaluator
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.rare import evaluate_replay
from benchmarks.tracks.record import TrackRecord, record_path
from benchmarks.tracks.tasks import RANKING, find_public_salt, find_task
from benchmarks.tracks.wall import Wall


def test_methods_that_share_a_set_are_evaluated_together(wall: Wall) -> None:
    facts = running.describe_methods(wall, [*METHODS])
    groups = running.shared_sets(facts)
    assert sorted(name for group in groups for name in group) == sorted(METHODS)
    assert all(each.tracks and each.about for each in facts.values())
    assert {("cues",), ("seeds", "svdd")} <= {*map(tuple, groups)}
    assert {each.division for each in facts.values()} == {"closed", "open"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cue", "Did you mean 'cues'"),
        (LAZY.replace("Lazy", "constant"), "not a subclass"),
        (LAZY.replace("Lazy", "Lazi"), "not have the class Lazi. Did you mean 'Lazy'"),
        (LAZY.replace("Lazy", "Speechless"), r"Speechless .*has no ask\(\)"),
        (LAZY.replace("Lazy", "Astray"), "tracks are coverage, labels, ask, rare"),
    ],
)
def test_unknown_methods(name: str, told: str, wall: Wall) -> None:
    with pytest.raises(ValueError, match=told):
        running.describe_methods(wall, [name])


def test_a_record_says_all_and_survives_the_disk(tmp_path: Path, wall: Wall) -> None:
    task = find_task("CheeseDish", 1)
    (record,) = running.evaluate_methods(wall, [LAZY], task, "salt", levels=30)
    assert record.coverage
    assert record.labels
    assert record.coverage.value == record.coverage.members[0].solved == 0
    assert {p.steering for points in record.labels.values() for p in points} == {0}
    assert (record.encoding, record.wanted, record.division) == (task.encoding, task.wanted, "open")
    assert record.ask is None
    path = tmp_path / record_path(record.task, "lazy", 1)
    record.save(path)
    assert TrackRecord.load(path) == record
    assert "salt" not in json.loads(path.read_text())["salt"]
    path.write_text(path.read_text()[:-30])
    with pytest.raises(ValueError, match=str(path)):
        TrackRecord.load(path)


@pytest.mark.slow
def test_jobs_are_done_once_and_again_bit_for_bit(tmp_path: Path) -> None:
    made = []
    job, *_ = running.list_track_jobs(["CheeseDish"], ["ppo"], 1)
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert runner.run([job], folder, 1) == {}
        files = sorted((folder / "tracks").rglob("*.json"))
        made.append([json.loads(path.read_text()) | {"seconds": 0} for path in files])
    assert made[0] == made[1]
    assert len(made[0]) == len(CHECKS) + 1
    before = [path.stat().st_mtime_ns for path in files]
    assert runner.run([job], folder, 1) == {}
    assert [path.stat().st_mtime_ns for path in files] == before
    # A damaged record is set aside and made again.
    path = folder / record_path("CheeseDish", "sweeper", 0)
    path.write_text("{")
    assert runner.run([job], folder, 1) == {}
    assert path.with_name(f"{path.name}.damaged-1").read_text() == "{"


def test_a_record_of_other_terms_is_not_taken_for_this_one(tmp_path: Path, wall: Wall) -> None:
    task, salt = find_task("CheeseDish", 0), find_public_salt(0)

    def evaluation(levels: int) -> running.Evaluation:
        make = partial(running.evaluate_methods, wall, [LAZY], task, salt, levels=levels)
        return running.Evaluation(task, ("lazy_methods.Lazy",), make, 1, levels)

    short, results = evaluation(30), Results(tmp_path)
    (record,), (path,) = short.make(), short.job().files
    record.save(tmp_path / path)  # it says its terms itself
    assert results.find_missing(short.job().files) == []
    with pytest.raises(ValueError, match=r"levels 30, .*wants 60"):
        results.find_missing(evaluation(60).job().files)


def test_the_committed_records_are_done() -> None:
    jobs = running.list_track_jobs([*RANKING], ["ppo"])
    assert not [path for job in jobs for path in Results(COMMITTED).find_missing(job.files)]


@pytest.mark.slow
def test_what_met_the_shift_in_half_of_training_does_what_was_paid(monkeypatch, wall: Wall) -> None:
    for module in ("rare", "record"):
        monkeypatch.setattr(f"benchmarks.tracks.{module}.SHARES", (0.5,))
    task = find_task("CheeseCorner", 0)
    terms = {"levels": 60, "steps": 150_000, "tracks": ["rare"]}
    (behind,) = running.evaluate_methods(wall, ["ppo"], task, "x", **terms)
    (before,) = evaluate_replay(Evaluator(task, "x", 60), "plr-estimated", 150_000)
    for point in (*(behind.rare or []), before):
        assert point.n > 0.8
        assert point.met > 1000


@pytest.mark.slow
def test_the_example_of_the_rules_runs(tmp_path: Path, wall: Wall) -> None:
    (code,) = re.findall(
        r"```python\n(.*?)```", Path("docs/write_a_method.md").read_text(), re.DOTALL
    )
    (tmp_path / "mine.py").write_text(code)
    task = find_task("CheeseDish", 0)
    method = f"{tmp_path / 'mine.py'}:Mine"
    (record,) = running.evaluate_methods(wall, [method], task, "x", levels=30, steps=4_000)
    assert record.labels
    assert record.coverage
    assert len(record.coverage.members) == 2


@pytest.mark.usefixtures("commands_share_a_wall")
def test_rerun_prints_what_a_method_gets(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["rerun", LAZY, "--tasks", "CheeseDish", "--levels", "30", "--seeds", "1"]
    assert main([*arguments, "--track", "coverage"]) == 0
    printed = capsys.readouterr()
    assert "C 0.00" in printed.out
    assert "salt" in printed.err
    assert main(["rerun", "nothing"]) == 2
    assert "nothing" in capsys.readouterr().err
