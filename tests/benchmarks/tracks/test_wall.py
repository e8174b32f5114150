"""Methods that cheat: each reached its score in the evaluator's process, and gets nothing here.

On commit 52895ad, in the evaluator's process, ``CallCounting`` and the three ``Carrying*`` had S
1.00, and ``Peeking`` without using one; ``Stepping`` learnt which plane
pays, and the two that overdraw got 80 labels for one.
"""

import os
import pickle
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from methods import cheats
from strangers import METHODS, name_cheat

from benchmarks.rooms import messages
from benchmarks.tracks import entrant, evaluator_labels, labels, record
from benchmarks.tracks.entrant import Entrant
from benchmarks.tracks.environments import TrainingEnvs
from benchmarks.tracks.evaluation import Evaluator
from benchmarks.tracks.inside import pickle_alike
from benchmarks.tracks.record import LABEL_KINDS
from benchmarks.tracks.room_envs import RoomVectorEnv
from benchmarks.tracks.running import evaluate_method
from benchmarks.tracks.tasks import find_task
from benchmarks.tracks.wall import find_source
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.errors import PolicyError
from mesa_gym.testing.sample import difference
from mesa_gym.traps import Split, find_trap

LEVELS = 60


@pytest.fixture(autouse=True)
def few_draws(monkeypatch):
    """One label and one draw: a child costs a tenth of a second."""
    budgets = {"LABELS": (0, 1), "LABEL_DRAWS": 1}
    for module in (record, labels, entrant, evaluator_labels):
        for name in {*budgets} & {*vars(module)}:
            monkeypatch.setattr(module, name, budgets[name])


def evaluate(wall, name, levels=LEVELS, **keywords):
    task = find_task("CheeseDish", 0)
    return evaluate_method(wall, name_cheat(name), task, "x", levels, **keywords)


@pytest.mark.parametrize(
    "name", ["CallCounting", "CarryingGlobal", "CarryingStarts", "CarryingCopies"]
)
def test_what_counts_or_carries_gets_exactly_nothing(name, wall):
    """Every child is the first, so that both roles get the same policy: S is 0 without noise."""
    found = evaluate(wall, name)
    assert {s for kind in LABEL_KINDS for s in found.list_steering(kind).values()} == {0}
    points = [point for each in found.labels.values() for point in each]
    assert {point.used for point in points} == {(0, 0)}
    assert {point.solved for point in points} == {LEVELS}  # it is competent all the same


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Peeking", "has no attribute '_wanted'"),
        ("Overdrawing", "80 labels are asked for, but 0 are left"),
        ("Understating", "80 labels are asked for, but 0 are left"),
        ("Stepping", "no options are served"),
        ("Messaging", "not permitted.*mesa-gym-message"),
        ("Snooping", "Permission denied.*cmdline"),
        ("Lengthy", "steps were taken; a method has 3300000 here"),
        ("Belated", r"there are environments in train\(\) alone"),
        ("Coding", "is a mesa_gym.trained.networks.Network, got PlaneSeeker"),
        ("Forging", "weights are not finite"),
        ("Tiring", r"adapt\(\) ended; expected a policy each time"),
    ],
)
def test_what_reaches_for_more_is_an_error(name, told, wall):
    with pytest.raises(PolicyError, match=f"(cheats.py:{name} on CheeseDish.*)?{told}"):
        evaluate(wall, name, 30)


def test_an_honest_method_of_ones_own_steers_and_what_it_used_is_counted(wall):
    found = evaluate(wall, "Honest")
    assert found.coverage == 1
    for kind in LABEL_KINDS:
        assert found.list_steering(kind) == {0: 0, 1: 1}
        assert [point.used for point in found.labels[kind]] == [(0, 0), (1, 1)]
    assert found.steps == 3
    assert found.seconds > 0


@pytest.mark.parametrize("name", ["Bombing", "BombingLate"])
def test_the_evaluator_never_unpickles(name, wall, monkeypatch):
    def refuse(*_):
        raise AssertionError("unpickled")

    for unpickle in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, unpickle, refuse)
    with pytest.raises(PolicyError, match=r"play: it raised PermissionError.*mesa-gym-bomb"):
        evaluate(wall, name, 30)
    assert not Path(cheats.Bombing.folder).exists()


def test_the_bomb_is_live(tmp_path):
    pickle.loads(pickle.dumps(cheats.FolderBomb(str(tmp_path / "gone-off"))))
    assert (tmp_path / "gone-off").is_dir()


def test_training_writes_in_its_scratch_folder_alone_and_that_is_removed(wall):
    evaluator = Evaluator(find_task("CheeseDish", 0), "x", 30)
    method = Entrant(wall, name_cheat("Honest"), evaluator, 1)
    with method._open("train", serve_envs()) as room:
        room.call("train", list[bytes], evaluator.walks())
        assert (room.scratch / "a/b").read_text() == "kept"
    assert not room.scratch.exists()
    assert str(room.scratch) not in os.environ.values()


def test_training_cannot_leave_its_scratch_folder(wall):
    with pytest.raises(PolicyError, match=r"tried 10, succeeded in \[\]"):
        evaluate(wall, "Straying", 30)


def serve_envs(most_steps=100):
    return TrainingEnvs(find_trap("CheeseDish")(), most_steps).serve()


def call(served, name, *arguments):
    """Call as a room does."""
    message = messages.decode_message(messages.encode_call(name, arguments))
    assert isinstance(message, messages.Call)
    return messages.call_served(served, message)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("make", [0], "Expected `int` >= 1"),
        ("make", [4097], "Expected `int` <= 4096"),
        ("begin", [1, [0, 0]], "there is no environment 1"),
        ("begin", [-1, [0, 0]], "Expected `int` >= 0"),
        ("begin", [0, [0]], "1 numbers for 2"),
        ("begin", [0, [-2, 0]], "Expected `int` >= 0"),
        ("step", [0, np.array([5, 0])], "action"),
        ("step", [0, np.zeros((2, 2), np.int64)], "4 numbers for 2"),
        ("level", [0], "'level' cannot be called here"),
    ],
)
def test_environments_take_numbers_of_their_own_alone(name, arguments, told):
    """That each argument is of its type is the law of messages."""
    served = serve_envs()
    call(served, "make", 2)
    call(served, "begin", 0, [7, 8])
    with pytest.raises(ValueError, match=told):
        call(served, name, *arguments)


def test_served_environments_are_the_traps():
    class Direct:
        served = serve_envs(1_000)

        def call(self, name, *arguments):
            return call(self.served, name, *arguments)

    trap, rng = find_trap("CheeseDish")(), np.random.default_rng(0)
    served = RoomVectorEnv(Direct(), 5, (*trap.size, len(trap.channels)))
    plain = TrapVectorEnv(trap, 5, autoreset_mode="SameStep", num_levels=30_000)
    np.testing.assert_array_equal(served.reset(seed=3)[0], plain.reset(seed=3)[0])
    ended = 0
    for _ in range(150):
        actions = rng.integers(5, size=5)
        *found, infos = served.step(actions)
        *expected, others = plain.step(actions)
        assert infos.keys() <= {"final_obs", "_final_obs"}
        own = {name: others[name] for name in infos}
        assert difference((*found, infos), (*expected, own)) is None
        ended += np.sum(own.get("_final_obs", 0))
    assert ended > 5
    with pytest.raises(ValueError, match="no options are served"):
        served.reset(options={"level": 3})


def test_equal_policies_are_equal_bytes():
    layer = torch.nn.Linear(3, 2)
    first = pickle_alike(layer)
    again = pickle.loads(first)
    assert pickle_alike(pickle.loads(first)) == pickle_alike(pickle.loads(pickle_alike(again)))
    assert all((a == b).all() for a, b in zip(layer.parameters(), again.parameters(), strict=True))


def test_no_room_outlives_its_call(wall):
    with wall.open("cheats", find_source(name_cheat("CallCounting"))) as room:
        room.call("describe", Any)
    assert not Path("/proc", str(room.child.number)).exists()
    assert wall.seconds > 0


def test_roles_come_in_a_random_order():
    """Of the system's own randomness: salts of committed records are public."""
    drawn = [labels.draw_roles() for _ in range(2000)]
    assert {*map(tuple, drawn)} == {(0, 1), (1, 0)}
    assert np.mean([roles[0] for roles in drawn]) == pytest.approx(0.5, abs=0.05)


class LoggedEntrant:
    """Logs each label that is sent, and each policy that is played."""

    def __init__(self):
        self.log, self.children = [], 0

    def adapt(self, given):
        self.children += 1
        child = self.children
        for budget in record.LABELS:
            self.log.append(("sent", child, budget))
            yield (child, budget), budget

    def measure(self, policy, *where):
        self.log.append(("played", *policy))
        return 0


def test_all_policies_of_a_budget_are_played_before_more_labels_are_sent(monkeypatch):
    """Else one of no labels could read what its maker learnt later (access times, page cache)."""
    for module in (record, labels, evaluator_labels):
        monkeypatch.setattr(module, "LABELS", (0, 1, 2), raising=False)
    watched = LoggedEntrant()
    labels.evaluate_labels(Evaluator(find_task("CheeseDish", 0), "x", 30), watched)
    for children in ((1, 2), (3, 4), (5, 6)):  # of three kinds, a draw each
        own = [each for each in watched.log if each[1] in children]
        for budget in record.LABELS:
            step, own = own[:6], own[6:]
            assert {each[2] for each in step} == {budget}
            assert [each[0] for each in step] == ["sent"] * 2 + ["played"] * 4
            assert [each[1] for each in step[2:]] == [x for _, x, _ in step[:2] for _ in range(2)]


def test_policies_do_not_read_what_their_makers_learnt_later(wall, tmp_path):
    """It had S 1.00 without a label while all labels came first; with one it may have it.

    What is left of the page cache is a matter of microseconds, which a loaded machine gives at
    random; the test above covers it, as nothing is read before all have played.
    """
    if not keeps_access_times(tmp_path / "x"):
        pytest.skip("this file system keeps no access times")
    folder = tmp_path / "leaking"
    folder.mkdir()
    shutil.copy(METHODS / "cheats.py", folder / "cheats.py")
    (folder / "__init__.py").write_text("from .cheats import *")
    for number in range(cheats.MARKS):
        write_cold(folder / f"mark{number}", cheats.MARK_BYTES)
    task = find_task("CheeseDish", 0)
    found = evaluate_method(wall, f"{folder}:AccessTimes", task, "x", LEVELS)
    assert found.list_steering("demonstrations")[0] == 0
    assert found.labels["demonstrations"][1].used == (1, 1)


def write_cold(path, size):
    """Write a file that nothing has read, nor keeps in memory."""
    path.write_bytes(bytes(size))
    with path.open("rb") as file:
        os.fsync(file)
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    os.utime(path, (0, path.stat().st_mtime))


def keeps_access_times(path):
    write_cold(path, 10)
    path.read_bytes()
    return path.stat().st_atime > 0


class PlayingHere(Entrant):
    """Every policy of it is the oracle of the first role, and plays in this process."""

    def __init__(self, evaluator):
        self._evaluator, self._measured = evaluator, {}

    @contextmanager
    def open_policy(self, policy):
        yield self._evaluator.oracle(self._evaluator.wanted[0], Split.SHIFT)


def test_parts_of_the_levels_are_measured_apart(evaluator):
    playing, rows = PlayingHere(evaluator), [slice(0, 20), slice(20, 60)]
    assert [playing.measure(b"", Split.SHIFT, rows=each) for each in rows] == [20, 40]
