"""Policies that raise, or answer with what is no action: named with the step, shown whole."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from mesa_gym.cli import main
from mesa_gym.errors import PolicyError, blaming
from mesa_gym.policies import Memoryless
from mesa_gym.scoring import rollout
from mesa_gym.traps import Split
from mesa_gym.traps.red_blue_doors import RedBlueDoors

WHO = "policy 'mine' on RedBlueDoors-v0, split shift"


class Breaks(Memoryless):
    """Stays, until a step at which it answers something else."""

    def __init__(self, step: int, answer) -> None:
        self.step, self.answer = step, answer

    def act(self, observation, state=None):
        answer = np.tile(np.eye(5)[4], (state.n, 1))
        return answer if state.clock.max() < self.step else self.answer(answer)


def play(policy) -> None:
    trap = RedBlueDoors()
    rollout(policy, trap, trap.levels(Split.SHIFT, np.arange(3)), 30, name=WHO)


def put(row: int, *values: float):
    def answer(probabilities):
        probabilities[row] = values
        return probabilities

    return answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (put(1, np.nan, 0, 0, 0, 0), "it gave [nan  0.  0.  0.  0.] in row 1; nan and inf are no"),
        (put(2, 0, np.inf, 0, 0, 0), "it gave [ 0. inf  0.  0.  0.] in row 2; nan and inf are no"),
        (put(0, np.inf, -np.inf, 0, 0, 0), "it gave [ inf -inf   0.   0.   0.] in row 0; nan"),
        (put(0, 0.5, 0, 0, 0, 0), "it gave [0.5 0.  0.  0.  0. ] in row 0; probabilities are at"),
        (lambda a: a[:, :4], "it gave an array of shape (3, 4) and dtype float64; expected"),
        (lambda a: a[:2], "it gave an array of shape (2, 5) and dtype float64; expected"),
        (lambda a: a[0], "it gave an array of shape (5,) and dtype float64"),
        (lambda a: 4, "it gave an array of shape () and dtype int64"),
        (lambda a: None, "it gave an array of shape () and dtype object"),
        (lambda a: {"action": 4}, "it gave an array of shape () and dtype object"),
        (lambda a: a.astype(object), "it gave an array of shape (3, 5) and dtype object"),
        (lambda a: a.astype(complex), "it gave an array of shape (3, 5) and dtype complex128"),
        (lambda a: a.astype(str), "it gave an array of shape (3, 5) and dtype <U32"),
        (lambda a: [4.0, 4.0, 4.0], "it gave an array of shape (3,) and dtype float64"),
        (lambda a: [4, 5, 4], "it chose action 5 in row 1; there is 0 to 4"),
        (lambda a: [4, 4, -1], "it chose action -1 in row 2; there is 0 to 4"),
        (lambda a: [[1], [1, 2], 3], "it raised ValueError: setting an array element"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("step", [0, 17])
def test_an_answer_that_is_no_action_is_named_with_the_step(answer, told: str, step: int) -> None:
    with pytest.raises(PolicyError) as caught:
        play(Breaks(step, answer))
    assert str(caught.value).startswith(f"{WHO}, step {step}: {told}")


@pytest.mark.parametrize("answer", [lambda a: [4, 4, 4], lambda a: np.eye(5, dtype=bool)[[4] * 3]])
def test_lists_and_truth_values_are_answers(answer) -> None:
    play(Breaks(2, answer))


class Raises(Memoryless):
    def __init__(self, error: BaseException) -> None:
        self.error = error

    def act(self, observation, state=None):
        raise self.error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("weights"), "it raised KeyError: 'weights'"),
        (ValueError(), "it raised ValueError"),
        (SystemExit(0), "it raised SystemExit: 0"),  # else a score would end as if it were done
    ],
)
def test_a_policy_that_raises_is_named_and_its_traceback_kept(error, told: str) -> None:
    with pytest.raises(PolicyError) as caught:
        play(Raises(error))
    assert str(caught.value) == f"{WHO}, step 0: {told}"
    assert caught.value.__cause__ is error
    assert "in act\n    raise self.error\n" in caught.value.trace
    assert caught.value.trace.rstrip().endswith(type(error).__name__ + f": {error}".rstrip(": "))


def test_reset_is_the_policys_own_code_too() -> None:
    class Forgets(Breaks):
        def reset(self, mask, rng):
            raise RuntimeError("no past")

    with pytest.raises(PolicyError, match="split shift, reset: it raised RuntimeError: no past"):
        play(Forgets(0, None))


def test_an_observation_that_there_is_not() -> None:
    policy = Breaks(99, None)
    policy.observation = "plane"
    with pytest.raises(PolicyError, match=f"^{WHO}: unknown observation 'plane'.*mean 'planes'"):
        play(policy)


def test_an_interruption_is_no_fault_of_the_policy() -> None:
    with pytest.raises(KeyboardInterrupt):
        play(Raises(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt), blaming("it"):
        raise KeyboardInterrupt


# -- on the command line ---------------------------------------------------------------------------

POLICIES = """
import numpy as np

class Broken:
    observation = "planes"
    def __init__(self, trap):
        pass
    def reset(self, mask, rng):
        pass
    def act(self, observation, state=None):
        return self.network(observation)
    def network(self, observation):
        raise ZeroDivisionError("no weights")

class Nan(Broken):
    def network(self, observation):
        return np.full((len(observation), 5), np.nan)
"""


@pytest.fixture
def policies(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "bad_policies.py").write_text(POLICIES)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("bad_policies", None)


@pytest.mark.usefixtures("policies")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Broken", "step 0: it raised ZeroDivisionError: no weights"),
        ("Nan", "step 0: it gave [nan nan nan nan nan] in row 0; nan and inf are no"),
    ],
)
def test_score_shows_the_traceback_and_one_line(name, told, capsys, tmp_path) -> None:
    card = tmp_path / "card.json"
    card.write_text("an older one")
    arguments = ["--trap", "RedBlueDoors", "--levels", "3", "--json", str(card)]
    assert main(["score", "--policy", f"bad_policies:{name}", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    progress, *trace, line = err.splitlines()
    assert progress.startswith("score bad_policies:")
    assert line.startswith("mesa-gym: ")
    assert told in line
    if name == "Broken":
        assert trace[0] == "Traceback (most recent call last):"
        assert 'raise ZeroDivisionError("no weights")' in err
    else:
        assert trace == []
    assert card.read_text() == "an older one"
