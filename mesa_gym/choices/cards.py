"""Cards and logs of models that choose places: one batch of questions for each play."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
from msgspec import structs

from mesa_gym.choices.play_questions import ask_play, read_form
from mesa_gym.choices.question_form import QuestionForm
from mesa_gym.choices.questions import Question
from mesa_gym.choices.records import read_choices, record_choices
from mesa_gym.choices.scripts import play_scripts
from mesa_gym.engine import State
from mesa_gym.envs.checks import integer
from mesa_gym.errors import PolicyBlame, PolicyError, shorten
from mesa_gym.json_data import Text, require
from mesa_gym.policies.adapters import takes_text
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.policies.answers import ASKED_AGAIN, read_place
from mesa_gym.policies.functions import TextQuestion, ask_twice, await_answer
from mesa_gym.policies.names import name_policy
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.card_making import begin_card, begin_provenance, fill_row, take_first
from mesa_gym.scoring.conclusions import add_results, conclude_all
from mesa_gym.scoring.evidence import AGENT_ROW, encode
from mesa_gym.scoring.models import AskedModel
from mesa_gym.scoring.plays import MOST_LEVELS, plays_of, split_of
from mesa_gym.scoring.prices import Price, say_price
from mesa_gym.scoring.record import Record
from mesa_gym.solver import level_values
from mesa_gym.traps import Split, Trap, as_trap


def score_choices(
    trap: Trap | str,
    answer: Callable[..., object],
    levels: int = 100,
    name: str | None = None,
    *,
    options: int = 4,
    tell: str = "where",
    names: Mapping[str, str] | None = None,
    examples: int = 0,
    trained: bool = False,
    salt: str = "",
    plan: bool = False,
) -> ScoreCard | None:
    """Score a model that is asked once per level which place it goes to first.

    Before the first question, a line on standard error gives the number of questions, their
    characters, and about how many tokens they have.

    Args:
        trap: a trap with an exact solver, or its name.
        answer: a function of one ``text``, which is asked about each level; or one that maps the
            questions of a play to a number from 1 (or None) for each, or to log probabilities
            (n, options), of which the greatest counts. It may be ``async``.
        levels: the number of levels per split.
        name: the model's name on the card; by default the name of a function of texts, or
            ``model``.
        options: the number of places in each question.
        tell: what the list says of each place: ``where``, ``things`` or ``both``.
        names: thing -> its name in the questions.
        examples: the number of solved training levels in each question.
        trained: whether the model was trained on training levels of this trap.
        salt: an evaluator's secret, which selects levels that no model was trained on.
        plan: whether to stop after the line, and to return None.

    Raises:
        PolicyError: the model raised, or answered in another form.
        ValueError: an argument is invalid, or the trap has no places to choose between.

    Example:
        >>> from mesa_gym.language import score_choices
        >>> def answer_all(questions):
        ...     return [question.find("dish") or 1 for question in questions]
        >>> score_choices("CheeseDish", answer_all, levels=10).verdict
        'proxy:dish'
    """
    trap = as_trap(trap)
    levels = integer("levels", levels, 1, MOST_LEVELS)
    by_text = takes_text(answer)
    answer_all = _answer_by_text(answer) if by_text else answer
    if not callable(answer):
        raise ValueError(
            f"{shorten(answer)} cannot be asked for places; expected a function of one `text`, or"
            " of the questions of a play"
        )
    if name is None:
        name = name_policy(answer) if by_text else "model"
    require("the model's name", name, Text)
    require("trained", trained, bool)
    require("plan", plan, bool)
    form = read_form(trap, options, tell, {} if names is None else names)
    questions = {
        play: ask_play(trap, play, range(min(levels, of.most)), form, examples, salt=salt)
        for play, of in plays_of(trap).items()
    }
    lengths = [len(x.text) for of in questions.values() for x in of]
    say_price(name, trap, Price(len(lengths), sum(lengths), tell != "things"))
    if plan:
        return None
    starts = {split: trap.levels(split, np.arange(levels), salt) for split in Split}
    records = _ask_plays(name, trap, answer_all, questions, starts)
    numbers = np.arange(levels)
    values = {x: level_values(trap, x, numbers, salt=salt, starts=starts[x]) for x in Split}
    scripts, first = play_scripts(trap, questions, take_first(starts)), take_first(values)
    provenance = begin_provenance(trap, levels, salt)
    nulls = {x: fill_row(of, first, x) for x, of in scripts.items()}
    card = begin_card(name, records, values, provenance, nulls)
    card = add_model(card, describe_model(form, examples, trained))
    return add_results(card, conclude_all(card, trap))


def _ask_plays(
    name: str,
    trap: Trap,
    answer_all: Callable[[list[Question]], object],
    questions: Mapping[str, list[Question]],
    starts: Mapping[Split, State],
) -> dict[str, Record]:
    """Return play -> record of the places that a model chooses, asked about one play at a time."""
    records = {}
    for play, of_play in questions.items():
        with PolicyBlame(f"{name} on {trap.name()}, {play}", passing=(PolicyError,)):
            answers = await_answer(answer_all(of_play))
        numbers, log_probs = read_choices(answers, of_play)
        of_split = starts[split_of(play)].take(slice(len(of_play)))
        records[play] = record_choices(trap, play, of_split, of_play, numbers, log_probs)
    return records


def _answer_by_text(ask: Callable[[str], object]) -> Callable[[list[Question]], list[int | None]]:
    """Return a function that asks a function of texts, for ``score_choices``."""

    def answer_all(questions: list[Question]) -> list[int | None]:
        texts = [
            TextQuestion(
                question.text,
                f"{question.text}\n{ASKED_AGAIN} Expected: {question.numbers}.",
                partial(read_place, places=question.places),
            )
            for question in questions
        ]
        return [answer.number for answer in ask_twice(ask, texts)]

    return answer_all


def describe_model(form: QuestionForm, examples: int, trained: bool) -> AskedModel:
    """Return what a card says of a model that chooses places."""
    return AskedModel(examples, trained, form.write(), {**form.names})


def add_model(card: ScoreCard, model: AskedModel) -> ScoreCard:
    """Return a card with its model, and with the identity that follows from both."""
    card = structs.replace(card, model=model)
    provenance = structs.replace(card.provenance, digest=digest_choices(card))
    return structs.replace(card, provenance=provenance)


def digest_choices(card: ScoreCard) -> str:
    """Return the identity of a model that chooses places: a digest of its questions and choices."""
    row, model = card.table[AGENT_ROW], card.model
    assert model
    about = [model.form, dict(sorted(model.names.items())), model.examples, model.trained]
    choices = structs.replace(row, payments={}, counts={})
    plays = {
        split: {"payments": payments}
        | ({"counts": row.counts[split]} if split in row.counts else {})
        for split, payments in row.payments.items()
    }
    return digest_weights(encode([about, choices, plays]))
