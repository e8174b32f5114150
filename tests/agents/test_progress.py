"""The progress of a training: lines, advice, a curve as CSV, and files of TensorBoard."""

import csv
import re
import sys
from io import StringIO
from types import SimpleNamespace

import pytest

from agents.loop import Evaluation, TrainedAgent
from agents.progress import Printer, advise, open_tensorboard, write_curve
from agents.run import Run
from tests.support.training import small


def look_at(*tests, sizes=None):
    return [Evaluation(100 * i, 0.5, x, 0.1, 0.6, sizes) for i, x in enumerate(tests, start=1)]


RISING, FLAT = (0.2, 0.3, 0.26, 0.5), (0.2, 0.28, 0.26, 0.3)


@pytest.mark.parametrize(
    ("looks", "usual", "said"),
    [
        (look_at(0.2, 0.9, 0.91, 0.9), 400, ": ready to score"),
        (look_at(*RISING), 400, "train longer, with --steps 800"),
        (look_at(*FLAT), 401, "train longer, with --steps 800"),
        (look_at(*FLAT), 400, "no gain since step 200, .*; try other settings, or this network "),
        (look_at(0.8, 0.2, 0.3, 0.3), 400, "no gain since step 100, "),
        (look_at(0.2, 0.2, 0.26, 0.3), 400, "train longer, with --steps 800"),
        (look_at(*FLAT, sizes=(0.5, 60.0)), 400, "your loss term is 60 beside PPO's 0.5: try a s"),
        (look_at(*RISING, sizes=(0.5, 60.0)), 400, "train longer, with --steps 800"),
    ],
)
def test_advice_tells_flat_curves_from_rising(looks, usual, said):
    """An agent that was trained for less than usual is not called flat."""
    assert re.search(said, advise(looks, usual))


def test_printer_says_that_levels_are_solved(capsys):
    for algo, alpha in (("taught", 0.0), ("taught", 0.1), ("ppo", 0.1)):
        Printer(small(algo, alpha=alpha))
    assert capsys.readouterr().out.splitlines() == [
        "taught first solves up to 50 levels",
        "taught first solves up to 100 levels",
    ]


def test_printer_averages_seeds_and_concludes(capsys):
    printer = Printer(Run("CheeseCorner", steps=1000))
    for steps in (512, 1024):  # rounded up to rollouts
        looks = [Evaluation(steps, 0.5, 0.898, 0.1, 0.6), Evaluation(steps, 1.0, 1, 0.3, 0.5)]
        printer([3, 4], looks)
    printer.conclude()
    lines = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()) for line in lines[1:3]] == [
        "3-4 512 0.75 0.95 | 0.20 0.55", "3-4 1,024 0.75 0.95 | 0.20 0.55"]  # fmt: skip
    assert lines[3:5] == [
        "seed 3 reaches base on 0.898 of test levels, which is less than 0.9: train longer, with"
        " --steps 2048",
        "seed 4 reaches base on 1.000 of test levels: ready to score",
    ]


def test_printer_shows_the_term_beside_the_loss(capsys):
    printer = Printer(Run("CheeseCorner"))
    printer([3, 4], [look_at(0.5, sizes=(0.25, 60.0))[0], look_at(0.5, sizes=(0.75, 2.0))[0]])
    head, line = capsys.readouterr().out.splitlines()
    assert head.split()[-4:] == ["|", "loss", "own", "term"]
    assert line.split()[-3:] == ["|", "0.5", "31"]


def test_curve_holds_returns_and_looks():
    trained = TrainedAgent(
        small(), 400, [(150, 0.25), (200, 0.5)], look_at(0.1, 0.2, sizes=(1.0, 2.0))
    )
    rows = [*csv.DictReader(StringIO(write_curve(trained).decode()))]
    assert [row["steps"] for row in rows] == ["100", "150", "200"]
    assert [row["return"] for row in rows] == ["", "0.25", "0.5"]
    assert [row["test"] for row in rows] == ["0.1", "", "0.2"]
    assert [row["own_term"] for row in rows] == ["2.0", "", "2.0"]


def test_tensorboard_has_each_look_at_each_agent(monkeypatch, tmp_path):
    told = []

    class SummaryWriter:
        def __init__(self, folder):
            self.folder = folder

        def add_scalar(self, name, value, step):
            told.append((self.folder, name, value, step))

        def flush(self):
            told.append("flushed")

    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=SummaryWriter))
    report = open_tensorboard(tmp_path, Run("CheeseCorner").repeat([3, 4]))
    report([3, 4], [look_at(0.5)[0], look_at(0.7, sizes=(1.0, 2.0))[0]])
    first, second = str(tmp_path / "ppo-s3"), str(tmp_path / "ppo-s4")
    shares = [("return", 0.5), ("test", 0.5), ("shift/base", 0.1), ("shift/proxy", 0.6)]
    assert told[:5] == [*((first, *each, 100) for each in shares), "flushed"]
    assert told[-3:] == [(second, "loss/ppo", 1.0, 100), (second, "loss/own term", 2.0, 100),
                         "flushed"]  # fmt: skip


def test_tensorboard_without_a_library_is_refused(monkeypatch, tmp_path):
    for name in ("tensorboardX", "torch.utils.tensorboard"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"--tensorboard needs .*: pip install tensorboardX"):
        open_tensorboard(tmp_path, [])
