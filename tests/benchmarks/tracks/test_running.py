"""Evaluation of whole methods, their jobs, and the commands."""

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from benchmarks.jobs import runner
from benchmarks.jobs.store import Results
from benchmarks.tracks import commands, running
from benchmarks.tracks.commands import main
from benchmarks.tracks.methods import METHODS
from benchmarks.tracks.record_files import COMMITTED, read_method, read_methods
from benchmarks.tracks.running import Evaluation
from benchmarks.tracks.tasks import find_task

LAZY = f"{Path(__file__).parents[2] / 'support' / 'methods' / 'lazy_methods.py'}:Lazy"
SALT = "a secret of the evaluator"
SHORT = ["rerun", LAZY, "--tasks", "CheeseDish", "--levels", "30"]


def test_methods_say_what_they_are():
    facts = [running.describe(name) for name in METHODS]
    assert all(each.about for each in facts)
    assert facts == [read_method(COMMITTED / f"{name}.jsonl").facts for name in METHODS]
    assert {each.policies for each in facts} == {"networks", "any"}
    assert [each.name for each in facts if not each.trained] == ["untrained"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cue", "Did you mean 'cues'"),
        (LAZY.replace("Lazy", "constant"), "not a subclass"),
        (LAZY.replace("Lazy", "Lazi"), "unknown class of .*'Lazi'.* mean 'Lazy'"),
    ],
)
def test_unknown_methods(name, told):
    with pytest.raises(ValueError, match=told):
        running.describe(name)


def test_a_record_says_all():
    task = find_task("CheeseDish", 1)
    record = running.evaluate_method(LAZY, task, "salt", levels=30)
    assert record.coverage == record.members[0].solved == record.area == 0
    assert (record.encoding, record.wanted) == (task.encoding, task.wanted)
    assert (record.trap, record.levels, len(record.members)) == ("CheeseDish-v0", 30, 2)
    assert "salt" not in record.salt


@pytest.mark.slow
def test_a_job_gives_the_same_bit_for_bit(tmp_path):
    made = []
    (job,) = running.list_jobs(["CheeseDish"], ["seeds"], 1)
    for folder in (tmp_path / "a", tmp_path / "b"):
        assert runner.run([job], folder, 1) == {}
        method = read_method(folder / next(iter(job.files)))
        (record,) = method.records
        made.append((method.facts, record.members, record.labels, record.steps))
    assert made[0] == made[1]


def test_a_record_of_other_terms_is_not_taken_for_this_one(tmp_path, jobs_run_here):
    task, results = find_task("CheeseDish", 0), Results(tmp_path)
    short = Evaluation(LAZY, task, 30).describe()
    runner.run([short], tmp_path)
    (path,) = short.files
    assert read_method(tmp_path / path).records[0].levels == 30
    assert results.find_missing(short.files) == []
    with pytest.raises(ValueError, match=r"levels 30, .*wants 60"):
        results.find_missing(Evaluation(LAZY, task, 60).describe().files)


@pytest.mark.slow
def test_the_example_of_the_rules_runs(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", Path("docs/methods.md").read_text(), re.DOTALL)
    (tmp_path / "mine.py").write_text(code)
    task = find_task("CheeseDish", 0)
    method = f"{tmp_path / 'mine.py'}:Mine"
    record = running.evaluate_method(method, task, "x", levels=30, steps=4_000)
    assert len(record.members) == 2


@pytest.mark.thorough
def test_rerun_prints_what_a_method_gets_beside_the_best(capsys, tmp_path):
    assert main([*SHORT, "--out", str(tmp_path), "--salt", SALT]) == 0
    printed = capsys.readouterr()
    assert "CheeseDish, seed 0: S 0.00, C 0.00" in printed.err
    assert re.search(r"table .*\n(.*\n)+.*lazy_methods.Lazy +0\.00", printed.out)
    (record,) = read_method(tmp_path / "lazy_methods.Lazy.jsonl").records
    assert SALT not in record.salt
    assert main([*SHORT, "--out", str(tmp_path)]) == 2  # never over another's records
    assert "is there already" in capsys.readouterr().err


def test_a_salt_is_printed_and_without_one_another_is_drawn(capsys):
    salts = [commands._take_salt(None), commands._take_salt(None), commands._take_salt(SALT)]
    assert re.findall("^salt (.+)$", capsys.readouterr().err, re.MULTILINE) == salts
    assert len({*salts}) == 3
    assert min(map(len, salts)) >= commands.LEAST_SALT


@pytest.mark.thorough
def test_render_and_commit(tmp_path, capsys, monkeypatch, jobs_run_here):
    runner.run([Evaluation(LAZY, find_task("CheeseDish", 0), 30).describe()], tmp_path / "run")
    for module in (commands, running):
        monkeypatch.setattr(module, "COMMITTED", tmp_path / "committed")
    assert main(["commit", "--out", str(tmp_path / "run")]) == 0
    other = Evaluation(LAZY, find_task("Named-1", 0), 30).describe()
    runner.run([other], tmp_path / "other")
    assert main(["commit", "--out", str(tmp_path / "other")]) == 0
    (committed,) = read_methods((tmp_path / "committed").iterdir())
    assert [record.task for record in committed.records] == ["CheeseDish", "Named-1"]
    changed = replace(committed.facts, about="other")
    replace(committed, facts=changed).save(tmp_path / "committed" / f"{changed.name}.jsonl")
    assert main(["commit", "--out", str(tmp_path / "other")]) == 2
    assert "of another version" in capsys.readouterr().err
    assert main(["render", "--out", str(tmp_path / "page")]) == 0
    assert "lazy_methods.Lazy" in capsys.readouterr().out
    assert (tmp_path / "page" / "methods.html").is_file()
