"""The loop of a training: updates, looks at agents, lines that are printed, kept programs."""

import csv
import re
import shutil
import sys
from io import StringIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from agents import compiling, loop
from agents.compiling import AgentBatch, find_devices
from agents.loop import (
    WATCHED,
    Evaluation,
    TrainedAgent,
    TrainingProgram,
    judge_agent,
    make_judge,
    play_levels,
    run_training,
)
from agents.networks import LearningMLP
from agents.ppo import TrainState
from agents.progress import Printer, advise, open_tensorboard, write_curve
from agents.run import Run
from mesa_gym.policies import as_policy
from mesa_gym.scoring.record import replay
from mesa_gym.trained import load
from tests.support.training import CORNER, small


def run_loop(updates, report=None, judge=None):
    """Run the loop on an agent that counts its updates; return it and the updates' arguments."""
    calls = []

    def begin(numbers):
        return TrainState({"count": np.zeros((len(numbers), 1), np.float32)}, None, None)

    def update(learning, numbers, number, left):
        calls.append((int(number), round(float(left), 6)))
        weights = {"count": learning.weights["count"] + 1}
        return learning._replace(weights=weights), np.array([[number * 2.0, 2.0, number]])

    def export(weights):
        return int(weights["count"][0])

    program = TrainingProgram(256, updates, begin, update, export, judge, ["entropy"])
    (trained,) = run_training(program, [small(seed=7)], np.zeros(1), report)
    return trained, calls


def test_learning_rate_falls_with_each_update():
    trained, calls = run_loop(4)
    assert calls == [(1, 1), (2, 0.75), (3, 0.5), (4, 0.25)]
    assert (trained.agent, trained.steps) == (4, 1024)
    assert trained.curve == [(256 * i, float(i)) for i in range(1, 5)]


def test_curves_have_environment_steps_of_each_update():
    """A curve has at most forty parts, and the last ends with the training."""
    trained, _ = run_loop(100)
    assert len(trained.curve) == 40
    assert {at % 256 for at, _ in trained.curve} == {0}
    assert trained.curve[-1] == (trained.steps, 99.5) == (25_600, 99.5)


@pytest.mark.parametrize("updates", [20, 5])
def test_training_loop_judges_after_each_tenth(updates):
    def judge(weights, number):
        return [(weights["count"].item(), 0.5, 0.25)]

    reports = []
    trained, _ = run_loop(updates, lambda *args: reports.append(args), judge)
    expected = [*range(2, 21, 2)] if updates == 20 else [*range(1, 6)]
    assert [looks[0].steps // 256 for _, looks in reports] == expected
    assert trained.looks == [looks[0] for _, looks in reports]
    assert [x.test for x in trained.looks] == [x.steps / 256 for x in trained.looks]
    # The mean of the episodes of the last tenth, which is two updates.
    means = [1.5, 3.5] if updates == 20 else [1, 2]
    assert [look.earned for look in trained.looks][:2] == means
    assert [look.diagnostics for look in trained.looks][:2] == [{"entropy": mean} for mean in means]


# -- looks -----------------------------------------------------------------------------------------
@pytest.mark.thorough
def test_judge_shares_equal_those_of_scoring():
    """The same actions in NumPy give the shares, and another sample gives similar ones."""
    agent, batch = load("CheeseCorner"), AgentBatch(find_devices("cpu"))
    learner = LearningMLP(CORNER)
    weights = {name: np.asarray(x)[None] for name, x in agent.weights.items()}
    ((test, base, proxy),) = make_judge(learner, batch)(weights, 3)
    starts = CORNER.levels("shift", np.arange(WATCHED))
    play = batch.compile(play_levels(learner, starts), shared=(1, 2, 3))
    actions = np.asarray(play(weights, np.uint32(3), np.int32(0), np.int32(64)))[0]
    record = replay(CORNER, starts, np.maximum(actions, 0))
    np.testing.assert_array_equal(record.actions, actions)
    cheese, corner = (record.paid[name] > 0 for name in ("cheese", "corner"))
    first = [np.where(x.any(axis=0), x.argmax(axis=0), 10**6) for x in (cheese, corner)]
    # A few come so late that scoring counts no choice.
    assert base == pytest.approx((first[0] < first[1]).mean(), abs=0.03)
    assert proxy == pytest.approx((first[1] < first[0]).mean(), abs=0.03)
    assert base + proxy > 0.5
    assert test > 0.9
    np.testing.assert_allclose((test, base, proxy), judge_agent(agent, CORNER, 3), atol=0.1)


def test_judge_plays_each_split_on_its_levels(monkeypatch):
    """One program plays all splits, each as long as it has steps."""
    plays, kept = [], SimpleNamespace(take=lambda rows: None)

    def play(weights, number, first, steps):
        plays.append((int(first), int(steps)))
        return np.full((1, WATCHED, 4), loop.ENDED)

    monkeypatch.setattr(loop, "look_up_levels", lambda trap: [(kept, kept)] * 2)
    for name in ("play_levels", "replay", "share_records"):
        monkeypatch.setattr(loop, name, lambda *args: None)
    trap = SimpleNamespace(joined=list, horizon={"test": 3, "shift": 4}.get)
    batch = SimpleNamespace(compile=lambda function, shared, brief: play)
    make_judge(SimpleNamespace(trap=trap), batch)({}, 3)
    assert plays == [(0, 3), (WATCHED, 4)]


def test_judge_agent_gives_hand_values():
    names = ("oracle:cheese", "oracle:corner", "stay", "sweeper")
    looks = [judge_agent(as_policy(name, CORNER, 64), CORNER, 0) for name in names]
    assert looks[0] == (1.0, 1.0, 0.0)
    assert looks[1][1:] == (0.0, 1.0)
    assert looks[2] == (0.0, 0.0, 0.0)  # a level without a choice counts for neither
    assert 0 < looks[3][1] < 0.9
    assert 0 < looks[3][2] < 1 - looks[3][1] + 1e-12
    again, other = (judge_agent(as_policy("sweeper", CORNER, 64), CORNER, x) for x in (0, 1))
    assert again == looks[3] != other  # ties are drawn by the number


# -- progress --------------------------------------------------------------------------------------
def look_at(*tests, **diagnostics):
    return [
        Evaluation(100 * i, 0.5, x, 0.1, 0.6, diagnostics) for i, x in enumerate(tests, start=1)
    ]


RISING, FLAT = (0.2, 0.3, 0.26, 0.5), (0.2, 0.28, 0.26, 0.3)


@pytest.mark.parametrize(
    ("looks", "usual", "pattern"),
    [
        (look_at(0.2, 0.9, 0.91, 0.9), 400, ": ready to score"),
        (look_at(*RISING), 400, "train longer, with --steps 800"),
        (look_at(*FLAT), 401, "train longer, with --steps 800"),
        (look_at(*FLAT), 400, "no gain since step 200, .*; try other settings, or this network "),
        (look_at(0.8, 0.2, 0.3, 0.3), 400, "no gain since step 100, "),
        (look_at(0.2, 0.2, 0.26, 0.3), 400, "train longer, with --steps 800"),
        (
            look_at(*FLAT, loss=0.5, own_term=60.0),
            400,
            "your loss term is 60 beside PPO's 0.5: try a s",
        ),
        (look_at(*RISING, loss=0.5, own_term=60.0), 400, "train longer, with --steps 800"),
    ],
)
def test_advice_tells_flat_curves_from_rising(looks, usual, pattern):
    """An agent that was trained for less than usual is not called flat."""
    assert re.search(pattern, advise(looks, usual))


def test_printer_says_that_levels_are_solved(capsys):
    for algo, alpha in (("taught", 0.0), ("taught", 0.1), ("ppo", 0.1)):
        Printer(small(algo, alpha=alpha))
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"taught first solves up to {levels} levels" for levels in (50, 100)]


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


def test_printer_averages_diagnostics_over_seeds(capsys):
    printer = Printer(Run("CheeseCorner"))
    first, second = {"approx_kl": 0.01, "loss": 0.25}, {"approx_kl": 0.02, "loss": 0.75}
    looks = look_at(0.5, **first, own_term=60.0) + look_at(0.5, **second, own_term=2.0)
    printer([3, 4], looks)
    head, line = capsys.readouterr().out.splitlines()
    assert head.split()[-5:] == ["|", "KL", "loss", "own", "term"]
    assert line.split()[-4:] == ["|", "0.015", "0.5", "31"]


def test_curve_holds_returns_and_looks():
    curve, look = [(150, 0.25), (200, 0.5)], look_at(0.1, 0.2, entropy=1.5, own_term=2.0)
    trained = TrainedAgent(small(), 400, curve, look)
    rows = [*csv.DictReader(StringIO(write_curve(trained).decode()))]
    assert [row["steps"] for row in rows] == ["100", "150", "200"]
    assert [row["return"] for row in rows] == ["", "0.25", "0.5"]
    assert [row["test"] for row in rows] == ["0.1", "", "0.2"]
    assert [row["own_term"] for row in rows] == ["2.0", "", "2.0"]
    assert [row["entropy"] for row in rows] == ["1.5", "", "1.5"]
    assert {row["approx_kl"] for row in rows} == {""}


def test_tensorboard_has_each_look_at_each_agent(monkeypatch, tmp_path):
    written = []

    class SummaryWriter:
        def __init__(self, folder):
            self.folder = folder

        def add_scalar(self, name, value, step):
            written.append((self.folder, name, value, step))

        def flush(self):
            written.append("flushed")

    monkeypatch.setitem(sys.modules, "tensorboardX", SimpleNamespace(SummaryWriter=SummaryWriter))
    report = open_tensorboard(tmp_path, Run("CheeseCorner").repeat([3, 4]))
    report([3, 4], [look_at(0.5)[0], look_at(0.7, loss=1.0, own_term=2.0, entropy=1.5)[0]])
    first, second = str(tmp_path / "ppo-s3"), str(tmp_path / "ppo-s4")
    shares = [("return", 0.5), ("test", 0.5), ("shift/base", 0.1), ("shift/proxy", 0.6)]
    assert written[:5] == [*((first, *x, 100) for x in shares), "flushed"]
    sizes = [("loss/ppo", 1.0), ("loss/own term", 2.0), ("loss/entropy", 1.5)]
    assert written[-4:] == [*((second, *x, 100) for x in sizes), "flushed"]


def test_tensorboard_without_a_library_is_refused(monkeypatch, tmp_path):
    for name in ("tensorboardX", "torch.utils.tensorboard"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"--tensorboard needs .*: pip install tensorboardX"):
        open_tensorboard(tmp_path, [])


# -- compiled programs -----------------------------------------------------------------------------
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
    ("platform", "flags", "brief", "options"),
    [
        ("gpu", "", True, {"xla_gpu_autotune_level": 0}),
        ("gpu", "--xla_gpu_autotune_level=4", False, {}),
        ("cpu", "", True, {"xla_backend_optimization_level": 1}),
        ("cpu", "--xla_backend_optimization_level=3", True, {}),
        ("cpu", "", False, {}),
    ],
)
def test_xla_options_depend_on_the_device(monkeypatch, platform, flags, brief, options):
    monkeypatch.setenv("XLA_FLAGS", flags)
    batch = compiling.AgentBatch([SimpleNamespace(platform=platform)])
    assert batch._find_options(brief) == options


@pytest.mark.parametrize("option", ["xla_gpu_autotune_level", "xla_backend_optimization_level"])
def test_options_are_known_to_xla(option):
    """An option that XLA does not know is refused, on a CPU as well."""
    double = compiling.jax.jit(lambda x: 2 * x).lower(1)
    assert double.compile(compiler_options={option: 1})(1) == 2
