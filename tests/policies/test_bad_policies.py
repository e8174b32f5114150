"""Policies that raise, or answer with what is not an action: named with the step, shown whole."""

import numpy as np
import pytest

from mesa_gym.cli import main
from mesa_gym.errors import PolicyError
from mesa_gym.policies import as_policy
from mesa_gym.scoring.rollout import rollout
from mesa_gym.traps import Split, find_trap

TRAP = find_trap("RedBlueDoors")()
EVEN = np.full((3, 5), 0.2)


def play(answer, step=0):
    """Play three levels; the policy stays until a step at which it answers something else."""
    steps = iter(range(100))

    def act(observations):
        return [4] * 3 if next(steps) < step else answer()

    starts = TRAP.levels(Split.SHIFT, np.arange(3))
    rollout(as_policy(act, TRAP, 30), TRAP, starts, 30, agent="mine")


def row(number, *values):
    def answer():
        probabilities = EVEN.copy()
        probabilities[number] = values
        return probabilities

    return answer


def raising(error):
    def answer():
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (row(1, np.nan, 0, 0, 0, 0), "[nan  0.  0.  0.  0.] in row 1; expected finite"),
        (row(0, np.inf, -np.inf, 0, 0, 0), "it gave [ inf -inf   0.   0.   0.] in row 0; expected"),
        (row(0, 0.5, 0, 0, 0, 0), "it gave [0.5 0.  0.  0.  0. ] in row 0; probabilities are at"),
        (row(2, 2, -1, 0, 0, 0), "it gave [ 2. -1.  0.  0.  0.] in row 2; probabilities are at"),
        (lambda: EVEN[:, :4], "it gave an array of shape (3, 4) and dtype float64; expected"),
        (lambda: None, "it gave an array of shape () and dtype object"),
        (lambda: [4.0, 4.0, 4.0], "it gave an array of shape (3,) and dtype float64"),
        (lambda: [4, 5, 4], "it chose action 5 in row 1; there is 0 to 4"),
        (lambda: [4, 4, -1], "it chose action -1 in row 2; there is 0 to 4"),
        (lambda: [[1], [1, 2], 3], "it raised ValueError: setting an array element"),
        (lambda: ([4] * 3, None), "it raised ValueError: the policy gave a tuple of 2; expected"),
        (raising(KeyError("weights")), "it raised KeyError: 'weights'"),
        (raising(SystemExit(0)), "it raised SystemExit: 0"),  # else it would end as if all was well
    ],
)
@pytest.mark.parametrize("step", [0, 17])
def test_what_is_not_an_action_is_named_with_the_step(answer, told, step):
    with pytest.raises(PolicyError) as caught:
        play(answer, step)
    assert str(caught.value).startswith(f"policy 'mine' on RedBlueDoors-v0, shift, step {step}: ")
    assert told in str(caught.value)


def test_all_forms_of_arrays_are_answers():
    torch = pytest.importorskip("torch")
    for answer in (np.eye(5, dtype=bool)[[4] * 3], np.full(3, 4, np.uint8), torch.eye(5)[[4] * 3]):
        play(lambda answer=answer: answer)


def test_what_it_raises_is_kept_whole():
    error = ValueError()
    with pytest.raises(PolicyError, match=r"it raised ValueError$") as caught:
        play(raising(error))
    assert caught.value.__cause__ is error
    assert "in answer\n    raise error\n" in caught.value.trace
    with pytest.raises(KeyboardInterrupt):  # which is not the policy's
        play(raising(KeyboardInterrupt()))


def test_score_shows_the_traceback_and_one_line(capsys, tmp_path, monkeypatch):
    (tmp_path / "bad_policies.py").write_text("def act(observation): return 1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    card = tmp_path / "card.json"
    card.write_text("an older one")
    arguments = ["--trap", "RedBlueDoors", "--levels", "3", "--json", str(card)]
    assert main(["score", "--policy", "bad_policies:act", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback (most recent call last):" in err
    assert err.splitlines()[-1].startswith("mesa-gym: policy 'bad_policies:act' on RedBlueDoors-v0")
    assert card.read_text() == "an older one"
