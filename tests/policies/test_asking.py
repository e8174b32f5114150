"""Answers that a policy may give, the samples drawn from them, and errors with their step."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats

import mesa_gym
from mesa_gym.cli import main
from mesa_gym.errors import PolicyError
from mesa_gym.policies import Memoryless, as_policy, uniform
from mesa_gym.policies.asking import Asking, read_answer, sample_actions
from mesa_gym.scoring.record import rollout
from mesa_gym.traps import Split, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner

ACT = 4


class UntoldError(ValueError):
    """An error whose text cannot be read."""

    def __str__(self):
        raise KeyError


def test_sampling_follows_the_probabilities():
    words = np.random.default_rng(0).integers(-(2**63), 2**63, 50_000)
    wanted = np.array([0.1, 0.0, 0.25, 0.6, 0.05])
    chosen = sample_actions(np.tile(wanted, (len(words), 1)), words)
    counts = np.bincount(chosen, minlength=5)
    assert counts[1] == 0
    seen = wanted > 0
    assert scipy.stats.chisquare(counts[seen], wanted[seen] * len(words)).pvalue > 1e-3


def test_sample_actions_never_picks_an_impossible_action():
    words = np.array([-1])
    shares = read_answer(np.array([[0.3, 0.3, 0.4, 0.0, 0.0]], dtype=np.float32), 1)
    assert sample_actions(shares, words)[0] == 2


@pytest.mark.parametrize("other", [{"play": "again"}, {"play": "alone:dish"}, {"seed": 1}])
def test_plays_and_seeds_are_sampled_independently(other):
    """Two samples of 10,000 agree as often as by chance: 1 in 5."""
    keys, shares = np.arange(10_000), np.full((10_000, 5), 0.2)
    given = {"seed": 0, "agent": "a", "play": "shift"}
    mine, theirs = (
        Asking(uniform(), CheeseCorner(), keys, **kind).sample(shares, 3)
        for kind in (given, given | other)
    )
    agreeing = int((mine == theirs).sum())
    assert scipy.stats.binomtest(agreeing, 10_000, 0.2).pvalue > 1e-3
    again = Asking(uniform(), CheeseCorner(), keys, **given).sample(shares, 3)
    np.testing.assert_array_equal(again, mine)


def test_policy_rng_differs_between_plays_and_agents():
    class Throwing(Memoryless):
        def reset(self, mask, rng):
            self.thrown = rng.random(len(mask))

        def act(self, observation, state=None):
            return np.full(len(observation), ACT)

    trap, thrown = CheeseCorner(), []
    for play, agent in (("shift", "a"), ("again", "a"), ("twins", "a"), ("shift", "b")):
        policy = Throwing()
        Asking(policy, trap, np.arange(50), 0, agent, play)
        thrown.append(policy.thrown)
    assert len(np.unique(thrown)) == 3 * 50
    np.testing.assert_array_equal(thrown[0], thrown[3])  # a name changes nothing


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
        (lambda: [4, 5, 4], "it chose action 5 in row 1; expected 0 to 4"),
        (lambda: [4, 4, -1], "it chose action -1 in row 2; expected 0 to 4"),
        (lambda: [[1], [1, 2], 3], "it raised ValueError: setting an array element"),
        (lambda: ([4] * 3, None), "it raised ValueError: the policy gave a tuple of 2; expected"),
        (raising(KeyError("weights")), "it raised KeyError: 'weights'"),
        (raising(SystemExit(0)), "it raised SystemExit: 0"),  # else it would end as if all was well
        (raising(StopIteration(3)), "it raised StopIteration: 3"),
        (raising(UntoldError()), "it raised UntoldError: (an error whose text cannot be had)"),
    ],
)
@pytest.mark.parametrize("step", [0, 17])
def test_bad_answer_is_named_with_its_step(answer, told, step):
    with pytest.raises(PolicyError) as caught:
        play(answer, step)
    assert str(caught.value).startswith(f"policy 'mine' on RedBlueDoors-v0, shift, step {step}: ")
    assert told in str(caught.value)


def test_trace_keeps_folders_beside_the_package():
    """A folder whose name begins as the package's is of a user."""
    source, found = "def mine(planes): return deeper()\ndef deeper(): return 1 / 0", {}
    exec(compile(source, f"{Path(mesa_gym.__file__).parent}_mine/act.py", "exec"), found)
    starts = TRAP.levels(Split.SHIFT, [0])
    with pytest.raises(PolicyError) as caught:
        rollout(as_policy(found["mine"], TRAP, 30), TRAP, starts, 30)
    assert "in mine" in caught.value.trace


def test_score_shows_the_traceback_and_one_line(capsys, tmp_path, monkeypatch):
    (tmp_path / "bad_policies.py").write_text("def act(observation): return 1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    card = tmp_path / "card.json"
    card.write_text("an older one")
    arguments = ["RedBlueDoors", "--levels", "3", "--json", str(card)]
    assert main(["score", "--policy", "bad_policies:act", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback (most recent call last):" in err
    assert "asking.py" not in err  # no frames on the way to the policy's own code
    assert err.splitlines()[-1].startswith("mesa-gym: policy 'bad_policies:act' on RedBlueDoors-v0")
    assert card.read_text() == "an older one"
