"""Asking a function of texts: at once or one after another, once more if unread, with a price."""

import asyncio

import pytest

from mesa_gym.errors import PolicyError
from mesa_gym.language import list_questions, score_choices
from mesa_gym.language.kept_answers import keep_answers
from mesa_gym.policies.answers import ASKED_AGAIN
from mesa_gym.scoring import score
from mesa_gym.scoring.plays import plays_of
from mesa_gym.scoring.prices import (
    CHARACTERS_PER_TOKEN,
    CHARACTERS_PER_TOKEN_OF_LISTS,
    Price,
    price_steps,
)
from mesa_gym.traps import find_trap
from tests.support.parameters import thorough
from tests.support.refusals import refusals
from tests.support.slow_models import SlowModel, list_askers

TRAP, LEVELS = "CheeseDish", 3
QUICK = ("function",)
KINDS = [kind if kind in QUICK else thorough(kind) for kind in list_askers(SlowModel(2))]


def count_questions(levels):
    return len(plays_of(find_trap(TRAP)())) * levels


@pytest.mark.parametrize("kept", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_asynchronous_model_is_asked_several_at_once(kind, kept, tmp_path):
    """A kept function is asked as the function is: at once, or it is refused before it is asked."""
    model = SlowModel(2)
    ask = list_askers(model)[kind]
    name = "<lambda>" if kind == "lambda" else "SlowModel" if "object" in kind else "ask"
    if kept:
        ask, name = keep_answers(ask, tmp_path / "a.jsonl", "slow"), "slow"
        assert (ask.examples, ask.observation) == (4, "text")
    if kept and kind in ("lambda", "decorated by a plain function"):
        with pytest.raises(PolicyError, match=r"a coroutine, not a text; pass an `async"):
            score_choices(TRAP, ask, LEVELS)
        assert model.asked == 0
        return
    card = score_choices(TRAP, ask, LEVELS)
    assert (model.most, model.asked) == (2, count_questions(LEVELS))
    assert (card.policy, card.verdict, card.unread) == (name, "fails_task", 0)


@pytest.mark.thorough
def test_steps_are_asked_at_once_too():
    model = SlowModel(32, "act")
    card = score(model, TRAP, LEVELS, observation="text")
    assert LEVELS <= model.most <= 32
    assert card.unread == 0


@pytest.mark.parametrize("is_async", [False, True])
def test_unread_choice_is_asked_once_more(is_async):
    texts = []

    def answer(text):
        texts.append(text)
        return "3" if ASKED_AGAIN in text else "the cheese, I think"

    async def answer_later(text):
        return answer(text)

    card = score_choices(TRAP, answer_later if is_async else answer, LEVELS)
    assert len(texts) == 2 * count_questions(LEVELS)
    repeated = [text for text in texts if ASKED_AGAIN in text]
    assert all(text.endswith(" Expected: 1 or 2 or 3 or 4.") for text in repeated)
    assert len(repeated) == len(texts) / 2
    assert card.unread == 0


@pytest.mark.parametrize("is_async", [False, True])
def test_failed_call_ends_the_score(is_async):
    def fail(text):
        raise ConnectionError("the network is gone")

    async def fail_later(text):
        await asyncio.sleep(0)
        fail(text)

    with pytest.raises(PolicyError, match="ConnectionError: the network is gone; the answers so"):
        score_choices(TRAP, fail_later if is_async else fail, LEVELS)


def test_score_by_text_equals_score_by_number():
    def ask(text):
        return "2"

    keywords = {"tell": "things", "examples": 1, "trained": True}
    by_text = score_choices(TRAP, ask, LEVELS, "model", **keywords)
    by_number = score_choices(TRAP, lambda questions: [2] * len(questions), LEVELS, **keywords)
    assert by_text == by_number


def test_plan_prints_the_price_and_stops(capsys):
    questions = []

    def ask(text):
        questions.append(text)
        return "1"

    assert score_choices(TRAP, ask, LEVELS, "mine", plan=True) is None
    plays = plays_of(find_trap(TRAP)())
    texts = [q.text for play in plays for q in list_questions(TRAP, play, range(LEVELS))]
    expected = f"mine on CheeseDish-v0: {len(texts)} questions with {sum(map(len, texts)):,} char"
    assert expected in capsys.readouterr().err
    assert not questions
    score_choices(TRAP, ask, LEVELS)
    assert questions == texts


@pytest.mark.parametrize("levels", [3, 300])
def test_price_counts_first_levels_without_targets(levels):
    price = price_steps(find_trap(TRAP)(), levels)
    assert price.questions == (6 * levels + 3 * min(levels, 250)) * 64


@pytest.mark.thorough
def test_score_prints_the_price_of_steps(capsys):
    score(lambda text: "up", TRAP, LEVELS, name="mine")
    steps = count_questions(LEVELS) * 64
    assert f"mine on CheeseDish-v0: up to {steps:,} questions" in capsys.readouterr().err


def ask(text):
    return "1"


def ask_slowly(text):
    return "1"


ask_slowly.at_once = 2

test_choice_of_wrong_policy_is_refused = refusals(
    "language", "asking", globals(), keep_answers=keep_answers
)


def test_price_of_lists_has_fewer_tokens():
    maps, lists = Price(10, 3000), Price(10, 3000, maps=False)
    expected = 3000 / CHARACTERS_PER_TOKEN, 3000 / CHARACTERS_PER_TOKEN_OF_LISTS
    assert (maps.tokens, lists.tokens) == tuple(map(round, expected))
    assert maps.tokens > lists.tokens


def test_error_of_awaited_model_is_shown():
    async def fail(text):
        raise RuntimeError("no credit left")

    with pytest.raises(PolicyError, match="no credit left"):
        score(fail, TRAP, LEVELS, observation="text")
