"""Prices: how many questions, characters and tokens a verdict on a language model needs."""

from __future__ import annotations

from typing import NamedTuple

from mesa_gym.envs.observations import make_observation
from mesa_gym.scoring.plays import plays_of
from mesa_gym.terminal import say
from mesa_gym.traps import Trap

# Characters per token of maps, and of lists without a map, by the tokenizer of SmolLM2.
CHARACTERS_PER_TOKEN = 2.2
CHARACTERS_PER_TOKEN_OF_LISTS = 3.2


class Price(NamedTuple):
    """The questions of a score, and their characters; ``maps``: whether they have maps."""

    questions: int
    characters: int
    maps: bool = True

    @property
    def tokens(self) -> int:
        """About how many tokens the questions have."""
        per_token = CHARACTERS_PER_TOKEN if self.maps else CHARACTERS_PER_TOKEN_OF_LISTS
        return round(self.characters / per_token)


def price_steps(trap: Trap, levels: int) -> Price:
    """Return the greatest price of a card of a model that is asked at each step."""
    encoder, questions, characters = make_observation(trap, "text"), 0, 0
    for play in plays_of(trap).values():
        (text,) = encoder.encode(play.change(trap.levels(play.split, [0])))
        steps = min(levels, play.most) * play.steps
        questions += steps
        characters += steps * len(text)
    return Price(questions, characters)


def say_price(name: str, trap: Trap, price: Price, more: str = "") -> None:
    """Print a line on the questions that follow on standard error; ``more`` precedes numbers."""
    say(
        f"{name} on {trap.name()}: {more}{price.questions:,} questions with {price.characters:,}"
        f" characters, about {price.tokens:,} tokens"
    )
