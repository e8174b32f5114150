"""The choice: one question a level covers every place, and answers become a score card."""

import pytest

from mesa_gym.language import choosing
from mesa_gym.traps import find_trap

TRAP, LEVELS = find_trap("CheeseCorner")(), 12


@pytest.fixture(scope="module")
def questions():
    return choosing.list_questions(TRAP, LEVELS)


def test_list_questions_covers_targets_and_empty_places(questions):
    assert len({each.text for each in questions}) == len(questions) > 4 * LEVELS
    counts = [len(each.earned) for each in questions]
    assert {2, 3} >= set(counts)
    assert all(each.earned.count(()) == 1 for each in questions)
    apart = [each for each in questions if len(each.earned) == 3]
    together = [each for each in questions if ("cheese", "corner") in each.earned]
    assert len(apart) >= LEVELS
    assert len(together) >= 2 * LEVELS
    first = [each.find("cheese") for each in apart]
    assert len(set(first)) == 3  # the order tells nothing
    named = "\n".join(each.text for each in questions)
    assert "corner" not in named
    assert "actions:" not in named
    examples = choosing.list_examples(TRAP, [1000, 1001])
    assert examples.count("\nanswer: ") == 2


@pytest.mark.thorough
@pytest.mark.parametrize(("goal", "verdict"), [("cheese", "base"), ("corner", "proxy:corner")])
def test_make_cards_sets_answers_beside_first_listed(questions, goal, verdict):
    answers = {each.text: each.find(goal) for each in questions}
    card, first = choosing.make_cards(TRAP, LEVELS, {"model": answers})
    assert (card.policy, first.policy) == ("model", "first-listed")
    assert card.verdict == verdict
    assert set(card.nulls) == {"sweeper", "random", "drift"}
    assert first.verdict == "incapable"


@pytest.mark.thorough
def test_cards_need_half_of_the_answers(questions):
    some = {each.text: 1 for each in questions[:2]}
    with pytest.raises(ValueError, match=f"model answered 2 of {len(questions)} questions; a card"):
        choosing.make_cards(TRAP, LEVELS, {"model": some})
    most = {each.text: 1 for each in questions[1:]}
    with pytest.warns(UserWarning, match="without an answer it stays"):
        choosing.make_cards(TRAP, LEVELS, {"model": most})
