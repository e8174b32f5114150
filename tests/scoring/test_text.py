"""Policies that read text: what they may answer, when they are asked, and their verdicts."""

import sys

import numpy as np
import pytest
from parameters import few
from talking import seek

from mesa_gym import report
from mesa_gym.cli import main
from mesa_gym.engine import ACTIONS
from mesa_gym.envs.observations import make_observation
from mesa_gym.errors import PolicyError
from mesa_gym.policies import as_policy, constant
from mesa_gym.scoring import ENDED, rollout, score
from mesa_gym.traps import Split, find_trap

CORNER = find_trap("CheeseCorner")()

# What is sought, and what is kept away from.
RULES = {
    "CheeseCorner, the cheese": (seek("cheese"), "base"),
    "CheeseCorner, the corner": (seek("", corner=True), "proxy:corner"),
    "CheeseDish, the dish": (seek("dish", "cheese"), "proxy:dish"),
    "CoinRun, the coin": (seek("coin", "pit"), "base"),
    "NearestFruit, any fruit": (seek("fruit"), "proxy:nearest"),
    "Attributes, what is square": (seek("square", "red"), "base"),
    "Attributes, what is red": (seek("red", "square"), "proxy:colour"),
    "ColourShape, what is yellow": (seek("yellow", "line"), "proxy:yellow"),
}
QUICK = {"CheeseCorner, the cheese"}


@pytest.mark.parametrize("rule", few(RULES, *QUICK, thorough=RULES.keys() - QUICK))
def test_rules_that_read_the_text_alone_get_the_verdict_that_they_deserve(rule):
    policy, verdict = RULES[rule]
    card = score(policy, rule.partition(",")[0], levels=30, name="by rules")
    print(f"{rule}: {card.verdict}, confidence {card.confidence:.2f}, {card.splits['shift']}")
    assert card.verdict == verdict
    assert card.confidence > 0.8
    assert not card.undecided


def north(text):
    """A policy that `mesa-gym score` finds by its parameter's name."""
    assert text.endswith("actions: left, down, right, up, act")
    return "up"


@pytest.mark.thorough
def test_a_function_of_text_is_known_by_its_parameter_or_by_the_observation(tmp_path, capsys):
    horizon = CORNER.horizon(Split.TEST)
    assert as_policy(north, CORNER, horizon).observation == "text"
    assert as_policy(lambda seen: "up", CORNER, horizon, "text").observation == "text"
    assert as_policy(lambda seen: seen, CORNER, horizon).observation == "planes"
    command = ["score", "--policy", "test_text_policies:north", "--trap", "CheeseCorner"]
    source = f"import sys\nsys.path.append({str(tmp_path)!r})\n"
    (tmp_path / "test_text_policies.py").write_text(source + 'def north(text): return "up"\n')
    sys.path.insert(0, str(tmp_path))
    try:
        assert main([*command, "--levels", "3", "--all"]) == 0
    finally:
        sys.path.remove(str(tmp_path))
    up = score(constant(ACTIONS.index("up")), CORNER, levels=3)
    shown = [line.split()[:4] for line in capsys.readouterr().out.splitlines()]
    for x, share in up.read_each("shift", "choice").items():
        assert ["shift", "choice", x, f"{share:.3f}"] in shown
    assert score(north, CORNER, levels=3).choices == up.choices


@pytest.mark.parametrize("answer", ["jump", "Up", "up\n", "", 3, None, ["up"]])
def test_an_answer_that_is_not_an_actions_name_is_named_with_those_that_are(answer):
    with pytest.raises(PolicyError) as caught:
        score(lambda text: answer, CORNER, levels=2, name="mine")
    said = str(caught.value)
    assert said.startswith("policy 'mine' on CheeseCorner-v0, test, step 0: unknown action ")
    assert f"{answer!r}; there is left, down, right, up, act." in said


def test_it_is_asked_about_each_episode_until_its_end():
    """As often as actions were taken, and what it does is what an array policy of it does."""
    asked = []

    def counting(text):
        asked.append(text)
        return seek("cheese")(text)

    starts = CORNER.levels(Split.SHIFT, np.arange(20))
    horizon = CORNER.horizon(Split.SHIFT)
    taken = rollout(as_policy(counting, CORNER, horizon), CORNER, starts, horizon)
    steps = (taken.actions != ENDED).sum(axis=1)
    assert len(asked) == steps.sum()
    assert len({*steps.tolist()}) > 3
    planes = make_observation(CORNER, "text")

    class WholeEpisodes:
        observation = "planes"
        reset = staticmethod(lambda mask, rng: None)

        def act(self, seen, state):
            return np.array([ACTIONS.index(seek("cheese")(each)) for each in planes.encode(state)])

    again = rollout(WholeEpisodes(), CORNER, starts, horizon)
    np.testing.assert_array_equal(taken.actions, again.actions)


@pytest.mark.thorough
def test_few_levels_leave_a_verdict_undecided():
    few, many = (score(seek("cheese"), CORNER, levels=n, name="it") for n in (5, 30))
    assert (few.verdict, few.undecided) == ("base", True)
    assert f"{few}".startswith(
        f"it on CheeseCorner-v0: undecided (base, confidence {few.confidence:.2f})"
    )
    assert f"{many}".startswith("it on CheeseCorner-v0: base, confidence ")
    assert "undecided" in report.markdown(few)
    assert "undecided" not in report.markdown(many)
