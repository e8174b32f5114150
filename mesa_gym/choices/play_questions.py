"""The questions of a trap's plays: one batch of levels, solved once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Any, get_type_hints

import msgspec
import numpy as np
from msgspec import Meta

from mesa_gym.choices.offers import Offer, make_offers
from mesa_gym.choices.question_form import QuestionForm, copy_trap, key_trap, rename_things
from mesa_gym.choices.questions import (
    Question,
    require_choice,
    require_names,
    write_examples,
    write_questions,
)
from mesa_gym.json_data import require
from mesa_gym.scoring.plays import find_play
from mesa_gym.traps import LEVELS, Split, Trap, as_trap
from mesa_gym.traps.judged_by import AGAIN

MOST_EXAMPLES = 64
# Examples use these levels of train, which are not in cards of usual size; one may be left out.
EXAMPLES = range(1000, 1000 + MOST_EXAMPLES + 1)
# If a level is asked for, the offers of its neighbours are made as well.
NEIGHBOURS = 16
MOST_CACHED = 40_000  # offers
_cache: dict[Hashable, dict[int, Offer]] = {}
_checked: set[Hashable] = set()


def list_questions(
    trap: Trap | str,
    play: str,
    levels: Iterable[int],
    *,
    options: int = 4,
    tell: str = "where",
    names: Mapping[str, str] | None = None,
    examples: int = 0,
    reverse: bool = False,
    salt: str = "",
) -> list[Question]:
    """Return a question for each level of a play: which place does the agent go to first?

    All plays have one form of question. The play ``again`` lists the options of ``shift`` in
    reverse.

    Args:
        trap: a trap with an exact solver, or its name.
        play: a split, ``again``, ``twins``, ``bare`` or ``alone:<objective>``.
        levels: numbers of levels.
        options: the number of places in each question, 2 to 9.
        tell: what the list says of each place: ``where``, ``things`` or ``both``.
        names: thing -> its name in the questions, such as ``{"cheese": "blicket"}``.
        examples: the number of solved training levels in front of each question, 0 to 64.
        reverse: whether to reverse the lists.
        salt: an evaluator's secret, with which the levels are drawn.

    Raises:
        ValueError: an argument is invalid, or the trap has no places to choose between.

    Example:
        >>> from mesa_gym.language import list_questions
        >>> question = list_questions("CheeseDish", "shift", [0], tell="things")[0]
        >>> question.things
        ('nothing', 'dish, carpet, table', 'cheese, chair, sofa', 'clock, basket, bowl')
    """
    trap = as_trap(trap)
    require("reverse", reverse, bool)
    form = read_form(trap, options, tell, {} if names is None else names)
    return ask_play(trap, play, [*levels], form, examples, reverse, salt)


def read_form(trap: Trap, options: Any, tell: Any, names: Any) -> QuestionForm:
    """Return the form of questions from plain values; ValueError names an invalid one."""
    fields = {"options": options, "tell": tell, "names": names}
    for name, kind in get_type_hints(QuestionForm, include_extras=True).items():
        require(name, fields[name], kind)
    form = QuestionForm(options=options, tell=tell, names=dict(names))
    if options <= len(trap.objectives):
        raise ValueError(
            f"options is {options}; expected at least {len(trap.objectives) + 1} on {trap.name()},"
            " one for each objective and an empty place"
        )
    rename_things(trap, form)
    lists_things = tell == "things"
    if (key := (key_trap(trap), lists_things)) not in _checked:
        require_choice(trap)
        if lists_things:
            require_names(trap, QuestionForm(tell=tell))
        _checked.add(key)
    return form


def ask_play(
    trap: Trap,
    play: str,
    levels: Sequence[int],
    form: QuestionForm,
    examples: int = 0,
    reverse: bool = False,
    salt: str = "",
) -> list[Question]:
    """Return the questions of a play in a form that ``read_form`` checked."""
    require("examples", examples, Annotated[int, Meta(ge=0, le=MOST_EXAMPLES)])
    of_play = find_play(trap, play)
    if not levels:
        return []
    starts = trap.levels(of_play.split, np.array(levels, np.int64), salt)
    offers = _find_offers(trap, of_play.split, starts.level.number.tolist(), form.options, salt)
    turned = reverse != (play == AGAIN)
    questions = write_questions(trap, play, of_play.change(starts), offers, form, turned)
    if not examples:
        return questions
    key, encoded, trains = key_trap(trap), msgspec.json.encode(form), of_play.split is Split.TRAIN
    solved = [list_example_levels(examples, level if trains else -1) for level in levels]
    heads = [_write_head(key, encoded, of_level) for of_level in solved]
    return [replace(x, head=head) for x, head in zip(questions, heads, strict=True)]


@lru_cache(maxsize=128)
def _write_head(key: Hashable, form: bytes, levels: Sequence[int]) -> str:
    """Return solved questions on training levels, for the top of a question."""
    trap, read = copy_trap(key), msgspec.json.decode(form, type=QuestionForm)
    return write_examples(ask_play(trap, Split.TRAIN.value, levels, read), trap.base)


def list_example_levels(count: int, tested: int) -> tuple[int, ...]:
    """Return the training levels of solved examples, without the level that is asked about."""
    return tuple(level for level in EXAMPLES if level != tested)[:count]


def _find_offers(
    trap: Trap, split: Split, levels: Sequence[int], options: int, salt: str
) -> list[Offer]:
    """Return the offers of levels, from the cache or made in one batch."""
    cached = _cache.setdefault((key_trap(trap), split.value, salt, options), {})
    missing = {level for level in levels if level not in cached}
    if missing:
        usual = trap.size == trap.default_size
        if len(missing) == 1 and usual:  # a session; it asks for the levels that follow as well
            (level,) = missing
            missing |= {x for x in range(level, min(level + NEIGHBOURS, LEVELS)) if x not in cached}
        if sum(map(len, _cache.values())) > MOST_CACHED:
            cached.clear()
            missing |= {*levels}
        numbers = sorted(missing)
        offers = make_offers(trap, trap.levels(split, np.array(numbers), salt), options)
        cached.update(zip(numbers, offers, strict=True))
    return [cached[level] for level in levels]
