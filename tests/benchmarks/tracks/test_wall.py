"""Methods that cheat: each reached its score in the evaluator's process, and gets nothing here.

On commit 52895ad, in the evaluator's process, ``CallCounting`` and the three ``Carrying*`` had S
1.00 on both tracks, ``Peeking`` on labels without using one, and ``Pooling`` 0.99 with a question
in every tenth row; ``Stepping`` learnt which plane pays, and the two that overdraw got 80 labels
for one.
"""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interrupting import require_death_with_parent
from methods import cheats
from strangers import METHODS, name_cheat

from benchmarks.tracks import labels, questions
from benchmarks.tracks.child import _pickle
from benchmarks.tracks.entrant import Entrant, describe
from benchmarks.tracks.evaluation import Evaluator
from benchmarks.tracks.running import evaluate_methods
from benchmarks.tracks.wall import MethodCall, TrainingEnvs, Wall, find_source
from mesa_gym.errors import PolicyError
from mesa_gym.traps import find_trap

LEVELS = 60


@pytest.fixture
def one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """One label, and one question: a child costs a tenth of a second."""
    for module, name in ((labels, "LABELS"), (questions, "QUESTIONS")):
        monkeypatch.setattr(module, name, (1,))
        monkeypatch.setattr(f"benchmarks.tracks.record.{name}", (1,))


def evaluate(wall: Wall, name: str, levels: int = LEVELS, **keywords: Any) -> Any:
    method = name_cheat(name)
    (record,) = evaluate_methods(wall, [method], "CheeseDish", 0, 1, "x", levels=levels, **keywords)
    return record


@pytest.mark.usefixtures("one_budget")
@pytest.mark.parametrize(
    "name", ["CallCounting", "CarryingGlobal", "CarryingStarts", "CarryingCopies"]
)
def test_what_counts_or_carries_gets_exactly_nothing(name: str, wall: Wall) -> None:
    """Every child is the first, so that both roles get the same policy: S is 0 without noise."""
    record = evaluate(wall, name)
    points = [*record.labels.returns, *record.labels.demonstrations, *record.ask]
    assert [point.steering for point in points] == [0, 0, 0]
    assert {point.used for point in points} == {(0, 0)}
    assert {point.solved for point in points} == {1}  # it is competent all the same


@pytest.mark.usefixtures("one_budget")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Peeking", "has no attribute '_wanted'"),
        ("Overdrawing", "80 labels are asked for, but 1 are left"),
        ("Understating", "80 labels are asked for, but 1 are left"),
        ("Stepping", "no options are served"),
        ("Messaging", "not permitted.*mesa-gym-message"),
        ("Snooping", "Permission denied.*cmdline"),
    ],
)
def test_what_reaches_for_more_is_an_error(name: str, told: str, wall: Wall) -> None:
    with pytest.raises(PolicyError, match=f"cheats.py:{name} on CheeseDish.*{told}"):
        evaluate(wall, name, 10)


@pytest.mark.usefixtures("one_budget")
def test_pooled_answers_are_an_error_and_worth_nothing(wall: Wall, monkeypatch) -> None:
    with pytest.raises(ValueError, match="rows of a batch must not depend on each other"):
        evaluate(wall, "Pooling")
    monkeypatch.setattr(questions, "require_isolated", lambda *_: None)
    (point,) = evaluate(wall, "Pooling", 200).ask
    # A row's choice is a coin's: S is the mean of two means of 200 signs, standard error 0.05.
    assert abs(point.steering) < 3 * 0.05
    assert point.solved > 0.9


@pytest.mark.usefixtures("one_budget")
def test_an_honest_method_of_ones_own_steers_and_what_it_used_is_counted(wall: Wall) -> None:
    record = evaluate(wall, "Honest", 40)
    assert record.coverage.value == 1
    (returns,), (shown,), (ask,) = record.labels.returns, record.labels.demonstrations, record.ask
    assert (returns.steering, shown.steering) == (1, 1)
    assert returns.used == shown.used == (1, 1)
    assert ask.used == (40, 40)  # one question in every episode
    assert record.about.startswith("Lets one label")
    assert record.seconds > 0


@pytest.mark.parametrize("name", ["Bombing", "BombingLate"])
def test_the_evaluator_never_unpickles(name: str, wall: Wall, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("unpickled")

    for unpickle in ("load", "loads", "Unpickler"):
        monkeypatch.setattr(pickle, unpickle, refuse)
    with pytest.raises(PolicyError, match=r"play: it raised PermissionError.*mesa-gym-bomb"):
        evaluate(wall, name, 10)
    assert not Path(cheats.Bombing.folder).exists()


def test_the_bomb_is_live(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(cheats.FolderBomb(str(tmp_path / "gone-off"))))
    assert (tmp_path / "gone-off").is_dir()


def test_training_writes_in_its_scratch_folder_alone_and_that_is_removed(wall: Wall) -> None:
    evaluator, scratch = Evaluator(find_trap("CheeseDish")(), "x", 10), []
    entrant = Entrant(wall, name_cheat("Honest"), evaluator, 0, 1)
    with entrant._open("train", False) as session:
        scratch.append(Path(session._scratch))
        session.wait()
        assert (scratch[0] / "a/b").read_text() == "kept"
    assert not scratch[0].exists()
    assert str(scratch[0]) not in os.environ.values()


def test_training_cannot_leave_its_scratch_folder(wall: Wall) -> None:
    with pytest.raises(PolicyError, match=r"tried 10, succeeded in \[\]"):
        evaluate(wall, "Straying", 10)


def test_what_is_said_of_a_method_is_asked_of_a_child(wall: Wall) -> None:
    facts = describe(wall, name_cheat("CallCounting"))
    assert (facts.tracks, facts.about) == (["labels", "ask"], "Counts its calls: odd is base.")
    assert facts.steps == ["train", "ask"]


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere.py:Mine", "expected FILE.py:Class"),
        (":Mine", "expected FILE.py:Class"),
        (f"{METHODS}:Mine", "with its __init__.py"),
        (f"{METHODS}/cheats.py:a b", "expected FILE.py:Class"),
        ("cue", "Did you mean"),
        (f"{METHODS.parent}/strangers.py:Mine", "is on Python's path, so that the evaluator"),
    ],
)
def test_a_method_that_is_not_there(name: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        find_source(name)


def test_a_child_reads_the_methods_file_and_none_beside_it() -> None:
    source = find_source(name_cheat("CallCounting"))
    assert source.file == str(Path(cheats.__file__).resolve())
    assert source.readable[1:] == [source.file]


@pytest.mark.parametrize(
    ("kind", "numbers", "told"),
    [
        ("MAKE", [0], "0 environments cannot be made"),
        ("MAKE", [4097], "cannot be made"),
        ("RESET", [1, 0, 0], "there is no environment 1"),
        ("RESET", [-1, 0, 0], "there is no environment -1"),
        ("RESET", [0, 0], "1 numbers for 2"),
        ("RESET", [0, -2, 0], "seed"),
        ("STEP", [0, 5, 0], "action"),
    ],
)
def test_environments_take_numbers_of_their_own_alone(kind: str, numbers, told: str) -> None:
    from benchmarks.isolation.frames import HEAD, Kind

    envs = TrainingEnvs(find_trap("CheeseDish")())
    envs.serve(Kind.MAKE, np.array([2]).tobytes())
    envs.serve(Kind.RESET, np.array([0, 7, 8]).tobytes())
    frame = envs.serve(Kind[kind], np.array(numbers).tobytes())
    assert frame[0] == Kind.REFUSED
    assert told in frame[HEAD.size :].decode()


def test_served_environments_are_the_traps() -> None:
    from benchmarks.isolation.frames import HEAD
    from benchmarks.tracks.served import ServedEnv
    from mesa_gym.envs.vector import TrapVectorEnv

    class Direct(TrainingEnvs):
        def request(self, kind: Any, content: bytes) -> bytes:
            return self.serve(kind, content)[HEAD.size :]

    trap, rng = find_trap("CheeseDish")(), np.random.default_rng(0)
    served = ServedEnv(Direct(trap), 5, (*trap.size, len(trap.channels)))
    plain = TrapVectorEnv(trap, 5, autoreset_mode="SameStep", num_levels=30_000)
    np.testing.assert_array_equal(served.reset(seed=3)[0], plain.reset(seed=3)[0])
    for _ in range(150):
        actions = rng.integers(5, size=5)
        found, expected = served.step(actions), plain.step(actions)
        for mine, its in zip(found[:4], expected[:4], strict=True):
            np.testing.assert_array_equal(mine, its)
            assert mine.dtype == its.dtype
        assert found[4] == {}
    with pytest.raises(ValueError, match="no options are served"):
        served.reset(options={"level": 3})


def test_equal_policies_are_equal_bytes() -> None:
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(3, 2)
    first = _pickle(layer)
    again = pickle.loads(first)
    assert _pickle(pickle.loads(first)) == _pickle(pickle.loads(_pickle(again)))
    assert all((a == b).all() for a, b in zip(layer.parameters(), again.parameters(), strict=True))


@pytest.mark.thorough
def test_children_die_with_the_scorer(tmp_path: Path) -> None:
    """Even where that is killed, and a child computes without looking at its pipes."""
    (tmp_path / "endless.py").write_text(
        "import os\nfrom benchmarks.tracks.methods.method import Method\nos.write(2, b'going')\n"
        "while True: pass"
    )
    script = (
        "import sys, threading; from benchmarks.tracks.wall import MethodCall, Wall, find_source\n"
        "wall = Wall(); told = find_source(sys.argv[1] + ':Any')._asdict() | {'work': 'describe'}\n"
        "call = MethodCall(wall, '', told)\n"
        "threading.Thread(target=call.wait, daemon=True).start()\n"
        "while b'going' not in call._child._said: pass\n"
        "print(call._child._child, flush=True); sys.stdin.read()"
    )
    require_death_with_parent(script, str(tmp_path / "endless.py"))


def test_no_child_of_the_wall_outlives_its_call(wall: Wall) -> None:
    source = find_source(name_cheat("CallCounting"))._asdict() | {"work": "describe"}
    with MethodCall(wall, "cheats", source) as session:
        session.wait()
        child = session._child._child
    assert not Path("/proc", str(child)).exists()
    assert wall.seconds > 0


@pytest.mark.usefixtures("one_budget")
def test_roles_are_coins_until_both_have_come() -> None:
    drawn = [[*labels.draw_roles(np.random.default_rng(seed))] for seed in range(2000)]
    assert all(set(roles[:-1]) == {1 - roles[-1]} for roles in drawn)
    assert np.mean([roles[0] for roles in drawn]) == pytest.approx(0.5, abs=0.05)
    assert np.mean([len(roles) for roles in drawn]) == pytest.approx(3, abs=0.15)


@pytest.mark.usefixtures("one_budget")
def test_policies_are_played_in_the_order_of_their_children() -> None:
    """So how long a policy waits for its play tells nothing of its role."""

    class PlayOrder:
        def __init__(self) -> None:
            self.adapted, self.played = 0, list[int]()

        def adapt(self, given: Any) -> int:
            self.adapted += 1
            return self.adapted

        def measure(self, policy: int, split: Any, first: int = 0) -> float:
            self.played.append(policy)
            return 0.0

    for salt in "abcdefgh":
        watched: Any = PlayOrder()
        labels.evaluate_labels(Evaluator(find_trap("CheeseDish")(), salt, 10), watched)
        for kind in np.split(np.array(watched.played), 2):
            order = [*dict.fromkeys(kind.tolist())]
            assert order == sorted(order)
