"""Real cards are accepted; one that is forged in a single place is refused, with the place."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cards import changed, plain
from small_traps import Slippery, SmallDish

from mesa_gym.scoring import ScoreCard, score

# Of two objectives, of three, and of a trap without exact solver.
TWO, THREE, RETURNS = "CheeseDish", "ColourShape", "MonsterWorld"
LEVELS = 23
SHIFT, TEST, TRAIN = (("splits", split) for split in ("shift", "test", "train"))


@cache
def real(trap: str, policy: str = "random") -> dict[str, Any]:
    return plain(score(policy, trap, levels=LEVELS))


@cache
def drawn() -> dict[str, Any]:
    return plain(score("random", Slippery(7), levels=LEVELS))


@cache
def oracle() -> dict[str, Any]:
    return real(TWO, "oracle:base")


def test_real_cards_are_accepted() -> None:
    policies = {TWO: ("random", "stay", "oracle:base", "oracle:dish", "either", "aimless")}
    policies |= {THREE: ("random", "oracle:base"), RETURNS: ("random", "stay", "reference:base")}
    for trap, of_trap in policies.items():
        for policy in of_trap:
            data = real(trap, policy)
            assert plain(ScoreCard.from_json(json.dumps(data))) == data


@pytest.mark.parametrize("policy", ["oracle:base", "oracle:dish", "random"])
def test_cards_of_lucky_levels_are_saved(policy: str, tmp_path: Path) -> None:
    """An optimum is an expectation there: what a hundred levels earn may exceed it."""
    lucky = []
    for salt in "abcd":
        card = score(policy, Slippery(7), levels=100, salt=salt)
        card.save(tmp_path / "card.json")
        assert card.drawn
        assert ScoreCard.load(tmp_path / "card.json") == card
        lucky += [scores.regret.mean < 0 for _, scores in card.splits.items()]
    # Those of "dish" are lucky where the objectives agree.
    assert any(lucky) == (policy != "random")
    assert not score(policy, SmallDish(7), levels=4).drawn


FORGED: dict[str, tuple[Any, tuple[Any, ...], Any, str]] = {
    # What the choices, level by level, say otherwise.
    "solved": (oracle, (*TEST, "solved"), 0.0, r"splits\.test\.solved is 0\.0, where"),
    "solved by letters": (oracle, ("choices", "solved"), "0" * LEVELS, r"test\.solved is 1"),
    "choice": (oracle, (*SHIFT, "choice", "cheese"), 0.5, r"splits\.shift\.choice is"),
    "episode": (oracle, ("episode", "level"), 22, r"episode\.level: expected \d+, as the choices"),
    "episode by returns": (RETURNS, ("episode", "level"), 3, r"episode\.level: expected 0"),
    "no actions": (oracle, ("episode", "actions"), [], "episode: expected actions"),
    # Regret, its worst tenth and N say the same thing in three ways.
    "mean above the worst": (TWO, (*SHIFT, "regret", "mean"), 5.0, "a worst tenth that loses no"),
    "mean above, by returns": (RETURNS, (*TEST, "regret", "mean"), 1e6, "a worst tenth that"),
    "worst beyond the mean": (TWO, (*TEST, "regret", "worst_decile"), 50.0, "at most .*, by"),
    "N of 1 with regret": (TWO, (*TEST, "normalized_return", "cheese"), 1.0, "the sign of 1 - N"),
    "N below 1 without": (oracle, (*TEST, "normalized_return", "cheese"), 0.5, "the sign of 1 - N"),
    "N above 1 with regret": (RETURNS, (*TRAIN, "normalized_return", "apples"), 1.5, "sign of 1 -"),
    # Of split scores that no choices are kept for.
    "nothing solved, all earned": (oracle, (*TRAIN, "solved"), 0.0, "what N of cheese, 1"),
    "all solved, nothing earned": (TWO, ("splits", "control", "solved"), 1.0, "what N of cheese, "),
    "part of a level": (TWO, (*TRAIN, "solved"), 0.1, "expected k of 23 levels"),
    "solved by returns": (RETURNS, (*TRAIN, "solved"), 0.5, "solved is"),
    "part of a lost level": (RETURNS, (*SHIFT, "lost"), 0.99, r"shift\.lost: expected k of 23"),
    "part of a bootstrap": (RETURNS, ("confidence",), 0.9999, "confidence: expected k of 200"),
    # Where rules draw outcomes, a level may be lucky; what luck does not touch must agree.
    "drawn": (oracle, ("drawn",), True, "drawn is True, where the rest of the card gives False"),
    "not drawn": ("TreeFarm", ("drawn",), False, "drawn is False, where"),
    "lucky, with an N below 1": (drawn, (*TEST, "regret", "mean"), -5.0, "the sign of 1 - N"),
    "all solved by luck": (drawn, (*TRAIN, "solved"), 1.0, "what N of cheese, "),
    "part of a lucky level": (drawn, (*TRAIN, "solved"), 0.1, "expected k of 23 levels"),
    # What other splits and traps have not.
    "uniform of test": (THREE, (*TEST, "uniform"), {"red": 1.0}, r"splits\.test\.uniform is"),
    "uniform of two": (TWO, (*SHIFT, "uniform"), {"cheese": 1.0}, r"splits\.shift\.uniform is"),
    "uniform by returns": (RETURNS, (*SHIFT, "uniform"), {"apples": 1.0}, r"shift\.uniform is"),
    "no uniform": (TWO, (*SHIFT, "uniform"), {}, r"splits\.shift\.uniform is"),
    # Who computed it.
    "no versions": (TWO, ("provenance", "versions"), {}, "versions: expected that of"),
    "not ours": (TWO, ("provenance", "versions"), {"numpy": "2"}, "versions: expected that of"),
    "empty": (TWO, ("provenance", "versions", "numpy"), "", "none that is empty"),
}  # fmt: skip


@pytest.mark.parametrize("which", FORGED)
def test_a_forged_card_is_refused(which: str) -> None:
    of, path, value, message = FORGED[which]
    data = changed(real(of) if isinstance(of, str) else of(), path, value)
    with pytest.raises(ValueError, match=message) as caught:
        ScoreCard.from_json(json.dumps(data))
    assert "contradicts itself" in str(caught.value)
