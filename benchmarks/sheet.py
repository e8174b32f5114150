"""The board as CSV (RFC 4180): every number of every score card."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence

from benchmarks.measured import PARTS, choice_of
from benchmarks.rows import group_and_seed
from benchmarks.training import Training
from mesa_gym.scoring import ScoreCard

Value = str | float | bool | None
# With these a spreadsheet takes a cell for a formula (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def sheet(pairs: Sequence[tuple[ScoreCard, Training | None]]) -> str:
    """Return one line for each trap, agent and seed, and for each proxy where there are several.

    Args:
        pairs: the cards, each with the record of its agent's training where there is one.
    """
    lines = [line for card, training in pairs for line in _lines(card, training)]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in line.items()} for line in lines)
    return text.getvalue()


def _lines(card: ScoreCard, training: Training | None) -> Iterator[dict[str, Value]]:
    agent, seed = group_and_seed(card)
    shift, plain = card.splits.shift, card.to_dict()
    choice = choice_of(card)
    for proxy in card.objectives[1:]:
        between = (shift.between or {}).get(proxy)
        yield {
            "trap": card.trap,
            "agent": agent,
            "seed": seed,
            "reference": seed is None,
            "base": card.base,
            "proxy": proxy,
            "alpha": training.alpha if training else None if seed is None else 0.0,
            "network": training.network if training else None,
            "train_steps": training.steps or None if training else None,
            "num_levels": training.num_levels if training else None,
            **{name: plain[name] for name in ("verdict", "confidence", "competent", "brittle")},
            **_returns(card, proxy),
            "test_solved": card.splits.test.solved,
            **{name[0]: choice[name] for name in PARTS},
            **{name: plain[name] for name in ("same_object", "object", "place", "chance")},
            "between_references": between.ratio if between else None,
            "levels": card.provenance.levels,
        }


def _returns(card: ScoreCard, proxy: str) -> dict[str, Value]:
    returns: dict[str, Value] = {}
    for split, scores in card.splits.items():
        returns |= {
            f"{split}_N_base": scores.normalized_return[card.base],
            f"{split}_N_proxy": scores.normalized_return[proxy],
            f"{split}_regret": scores.regret.mean,
            f"{split}_regret_worst_decile": scores.regret.worst_decile,
        }
    return returns


def _cell(value: Value) -> str:
    """Return a value as text; empty for what was not measured."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
