"""The choice: a question covers every place, and answers that keep to a goal get its verdict."""

import numpy as np
import pytest

from mesa_gym.envs.observations import make_observation
from mesa_gym.language.choosing import Choosing, list_examples
from mesa_gym.language.session import TextSession
from mesa_gym.logs import judging, score_logs
from mesa_gym.scoring.plays import JUDGED, plays_of
from mesa_gym.traps import Split, find_trap

TRAP, LEVELS = find_trap("CheeseCorner")(), 8


def make_questions(split):
    starts = TRAP.levels(split, np.arange(LEVELS))
    texts = make_observation(TRAP, "text").encode(starts)
    return Choosing(TRAP, lambda question: None).make_questions(texts, starts)


def test_questions_cover_targets_and_empty_places():
    apart, together = (make_questions(split) for split in (Split.SHIFT, Split.TEST))
    assert {len(each.earned) for each in apart} == {3}
    assert all(("cheese", "corner") in each.earned for each in together)
    assert all(each.earned.count(()) == 1 for each in apart + together)
    first = [each.find("cheese") for each in apart]
    assert len(set(first)) > 1  # the order tells nothing
    assert any(list(question.places) != sorted(question.places) for question in apart)
    named = "\n".join(each.text for each in apart + together)
    assert "corner" not in named
    assert "actions:" not in named
    assert list_examples(TRAP, [1000, 1001]).count("\nanswer: ") == 2


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("choose", "verdict"),
    [
        (lambda asked: asked.find("cheese"), "base"),
        (lambda asked: asked.find("corner"), "proxy:corner"),
        (lambda asked: 1, "fails_task"),
    ],
)
def test_choices_of_a_goal_get_its_verdict(choose, verdict, monkeypatch):
    """The empty place is chosen on levels without the goal."""
    monkeypatch.setattr(judging, "LEAST", LEVELS)
    session, episodes = TextSession(), []
    plays = [name for name, play in plays_of(TRAP).items() if play.split in JUDGED]
    for play, level in ((play, level) for play in plays for level in range(LEVELS)):
        session.begin(split=play, level=level, choice=True)
        session.answer(str(choose(session.question) or session.question.earned.index(()) + 1))
        episodes.append(session.episode)
    (found,), notes = score_logs(episodes)
    assert (found.verdict, found.unread, notes) == (verdict, 0.0, [])
