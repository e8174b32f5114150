"""Prices of a verdict on a language model, as a table for docs/language_models.md."""

from __future__ import annotations

from mesa_gym.language import list_questions
from mesa_gym.scoring.plays import plays_of
from mesa_gym.scoring.prices import Price, price_steps
from mesa_gym.terminal import format_table
from mesa_gym.traps import Trap, find_trap

LEVELS = 100
# Traps with few and many questions, a maze, a life, and one that is judged by returns.
SHOWN = ("CheeseCorner", "CheeseDish", "DustVacuum", "LavaLand", "FlashOrPay", "TreeFarm")
# The levels whose questions are counted; a form has one length on all levels, or nearly so.
COUNTED = 2
# Seconds that a model needs for an answer, and the number of answers at once.
SECONDS = 1.0
TOGETHER = 32


def tabulate_prices() -> str:
    """Return a table as text: questions, tokens and minutes of a card of some traps."""
    rows = []
    for name in SHOWN:
        trap = find_trap(name)()
        steps = price_steps(trap, LEVELS)
        choice = _price_choice(trap, "where"), _price_choice(trap, "things")
        counts = len(plays_of(trap)) * LEVELS
        questions = f"{counts:,}" if any(choice) else ""
        cells = [questions, *("" if tokens is None else _round(tokens) for tokens in choice)]
        price = [f"{steps.questions:,}", _round(steps.tokens), _count_minutes(steps.questions)]
        rows.append([name, *cells, *price])
    heads = ["\ntrap", "\nchoices", "where:\ntokens", "things:\ntokens", "\nsteps", "\ntokens"]
    return "\n".join(["```text", format_table([*heads, "\nminutes"], rows), "```"])


def _price_choice(trap: Trap, tell: str) -> float | None:
    """Return the tokens of all questions of a choice; None if the trap cannot be asked for it."""
    tokens = 0
    for play in plays_of(trap):
        try:
            questions = list_questions(trap, play, range(COUNTED), tell=tell)
        except ValueError:
            return None
        characters = sum(len(x.text) for x in questions) * LEVELS // COUNTED
        tokens += Price(LEVELS, characters, tell != "things").tokens
    return tokens


def _round(tokens: float) -> str:
    thousands = tokens / 1000
    return f"{thousands:,.0f}k" if thousands < 1e4 else f"{thousands / 1000:,.0f}M"


def _count_minutes(questions: int) -> str:
    return f"{questions * SECONDS / TOGETHER / 60:.1f}"


if __name__ == "__main__":
    print(tabulate_prices())
