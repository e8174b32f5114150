"""Real cards are accepted; one that is forged in a single place is refused, with the place."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cards import changed, plain
from parameters import few
from small_traps import Slippery, SmallDish

from mesa_gym.scoring import ScoreCard, score

# Of two objectives, of three, and of a trap without exact solver.
TWO, THREE, RETURNS = "CheeseDish", "Attributes", "MonsterWorld"
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


@pytest.mark.thorough
def test_real_cards_are_accepted() -> None:
    policies = {TWO: ("random", "stay", "oracle:base", "oracle:dish", "either", "aimless")}
    policies |= {THREE: ("random", "oracle:base"), RETURNS: ("random", "stay", "reference:base")}
    for trap, of_trap in policies.items():
        for policy in of_trap:
            data = real(trap, policy)
            assert plain(ScoreCard.from_json(json.dumps(data))) == data


@pytest.mark.thorough
@pytest.mark.parametrize("policy", ["oracle:base", "oracle:dish", "random"])
def test_cards_of_lucky_levels_are_saved(policy: str, tmp_path: Path) -> None:
    """An optimum is an expectation there: what a hundred levels earn may exceed it."""
    lucky = []
    for salt in "abcd":
        card = score(policy, Slippery(7), levels=100, salt=salt)
        card.save(tmp_path / "card.json")
        assert card.drawn
        assert ScoreCard.load(tmp_path / "card.json") == card
        lucky += [of["regret"] < 0 for of in card.splits.values()]
    # Those of "dish" are lucky where the objectives agree.
    assert any(lucky) == (policy != "random")
    assert not score(policy, SmallDish(7), levels=4).drawn


FORGED: dict[str, tuple[Any, tuple[Any, ...], Any, str]] = {
    # What the choices, level by level, say otherwise.
    "arrival": (oracle, (*TEST, "arrival"), 0.0, r"splits\.test\.arrival is 0\.0, where"),
    "arrived": (oracle, ("choices", "arrived"), "0" * LEVELS, r"test\.arrival is 1"),
    "wanted alone": (oracle, ("choices", "alone", "dish"), "1" * LEVELS, r"shift\.reached is"),
    "ghosts": (oracle, ("choices", "pace", "bare"), "z" * LEVELS, r"test\.aim is"),
    "fast nulls": (oracle, ("choices", "nulls", "sweeper", "test"), "z" * LEVELS, "test.aim is"),
    "choice": (oracle, (*SHIFT, "choice", "cheese"), 0.5, r"splits\.shift\.choice is"),
    "episode": (oracle, ("episode", "level"), 22, r"episode\.level: expected \d+, as the choices"),
    "episode by returns": (RETURNS, ("episode", "level"), 3, r"episode\.level: expected 0"),
    "no actions": (oracle, ("episode", "actions"), [], "episode: expected actions"),
    # Regret, its worst tenth and N say the same thing in three ways.
    "mean above the worst": (TWO, (*SHIFT, "regret"), 5.0, "a worst tenth that loses no"),
    "mean above, by returns": (RETURNS, (*TEST, "regret"), 1e6, "a worst tenth that"),
    "worst beyond the mean": (TWO, (*TEST, "regret_worst_decile"), 50.0, "at most .*, by"),
    "N of 1 with regret": (TWO, (*TEST, "normalized_return", "cheese"), 1.0, "the sign of 1 - N"),
    "N below 1 without": (oracle, (*TEST, "normalized_return", "cheese"), 0.5, "the sign of 1 - N"),
    "N above 1 with regret": (RETURNS, (*TRAIN, "normalized_return", "apples"), 1.5, "sign of 1 -"),
    # Of split scores that no choices are kept for.
    "nothing solved, all earned": (oracle, (*TRAIN, "solved"), 0.0, "what N of cheese, 1"),
    "all solved, nothing earned": (TWO, ("splits", "control", "solved"), 1.0, "what N of cheese, "),
    "part of a level": (TWO, (*TRAIN, "solved"), 0.1, "expected k of 23 levels"),
    "solved by returns": (RETURNS, (*TRAIN, "solved"), 0.5, r"choices in splits\.train is .*0\.5"),
    "part of a lost level": (RETURNS, (*SHIFT, "lost"), 0.99, "lost: expected k of 23"),
    "part of a bootstrap": (RETURNS, ("confidence",), 0.9999, "confidence: expected k of 200"),
    # Where rules draw outcomes, a level may be lucky; what luck does not touch must agree.
    "drawn": (oracle, ("drawn",), True, "drawn is True, where the rest of the card gives False"),
    "not drawn": ("TreeFarm", ("drawn",), False, "drawn is False, where"),
    "lucky, with an N below 1": (drawn, (*TEST, "regret"), -5.0, "the sign of 1 - N"),
    "all solved by luck": (drawn, (*TRAIN, "solved"), 1.0, "what N of cheese, "),
    "part of a lucky level": (drawn, (*TRAIN, "solved"), 0.1, "expected k of 23 levels"),
    # What other splits and traps have not.
    "want of test": (THREE, (*TEST, "want"), {"red": 1.0}, r"measure in splits\.test 'want'"),
    "want by returns": (RETURNS, (*SHIFT, "want"), {"apples": 1.0}, "of choices in splits.shift"),
    "a pair of two": (TWO, (*SHIFT, "preference"), {"cheese, not dish": 1.0}, "preference is"),
    "no pairs": (THREE, (*SHIFT, "preference"), None, "preference is None"),
    "another null": (TWO, ("nulls", "lucky"), {}, "nulls are"),
    "null of train": (TWO, ("nulls", "drift", "train"), {}, "nulls are"),
    "a null that does more": (TWO, ("nulls", "drift", "test", "solved"), 1.5, "expected 0 to 1"),
    # Who computed it.
    "no versions": (TWO, ("provenance", "versions"), {}, "versions: expected that of"),
    "not ours": (TWO, ("provenance", "versions"), {"numpy": "2"}, "versions: expected that of"),
    "empty": (TWO, ("provenance", "versions", "numpy"), "", "none that is empty"),
}  # fmt: skip


@pytest.mark.parametrize("which", few(FORGED, *FORGED.keys() - {"not drawn"}, thorough=FORGED))
def test_a_forged_card_is_refused(which: str) -> None:
    of, path, value, message = FORGED[which]
    data = changed(real(of) if isinstance(of, str) else of(), path, value)
    with pytest.raises(ValueError, match=message):
        ScoreCard.from_json(json.dumps(data))
