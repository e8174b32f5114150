"""Checks of the cards of models that choose places: their questions, lists and identity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import structs

from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.scoring.card import ScoreCard
from mesa_gym.scoring.evidence import Evidence, encode
from mesa_gym.scoring.question_form import QuestionForm, rename_things
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.judged_by import AGAIN
from mesa_gym.traps.played_episodes import NONE


def digest_choices(card: ScoreCard) -> str:
    """Return the identity of a model that chooses places: a digest of its questions and choices.

    What a card says of its questions follows from nothing else, so the digest contains it: an
    edited number of examples no longer fits.
    """
    assert card.choices is not None
    choices = structs.replace(card.choices, nulls={})
    names = dict(sorted(card.names.items()))
    about = [card.form, names, card.examples, card.trained]
    return digest_weights(encode([about, choices, card.payments]))


def list_choice_facts(card: ScoreCard, trap: Trap | None) -> Iterator[tuple[str, Any, Any]]:
    """Yield facts on the questions of a card, their lists, and the identity of the model.

    Raises:
        ValueError: the form of the questions cannot be read, or does not fit the trap.
    """
    form = QuestionForm.read(card.form, card.names)
    if trap:
        rename_things(trap, form)
    evidence: dict[str, Evidence] = {}
    if card.choices is not None:
        evidence = {"choices": card.choices, **card.choices.nulls}
    for name, of in evidence.items():
        yield f"lists of {name}", sorted(of.listed), sorted(card.objectives)
        for x, numbers in of.listed.items():
            yield f"levels of the lists of {name}.{x}", len(numbers), len(of.shift)
            numbered = (numbers > 0) & (numbers <= form.options)
            all_numbered = bool((numbered | (numbers == NONE)).all())
            yield f"lists of {name}.{x} number places", all_numbered, True
        plays = [Split.SHIFT.value, AGAIN] if of.odds else []
        yield f"odds of {name}", sorted(of.odds), sorted(plays)
        for play, odds in of.odds.items():
            yield f"levels of the odds of {name}.{play}", len(odds), len(of.shift)
    yield "examples are given", card.examples is not None, True
    yield "provenance.digest", card.provenance.digest, digest_choices(card)
