"""The board as CSV (RFC 4180): every number of every score card."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence

from benchmarks.rows import group_and_seed
from benchmarks.training import Training
from mesa_gym.scoring import Reliance, ScoreCard, SplitScore
from mesa_gym.scoring.measures import NONE
from mesa_gym.traps import Split

Value = str | float | bool | None
# With these a spreadsheet takes a cell for a formula (OWASP, "CSV Injection").
_FORMULA = tuple("=+-@＝＋－＠\t\r\n")


def sheet(pairs: Sequence[tuple[ScoreCard, Training | None]]) -> str:
    """One line for each trap, agent and seed, and for each proxy where a trap has several.

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
    found = card.splits[Split.SHIFT].recovered
    for proxy in card.splits[Split.SHIFT].conflict_reliance:
        line: dict[str, Value] = {
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
            "verdict": card.verdict,
            "confidence": card.confidence,
            "competent": card.competent,
            "brittle": card.brittle,
            "recovered": card.recovered,
            "agrees": card.agrees,
        }
        for split, scores in card.splits.items():
            line |= _split(str(split), scores, card.base, proxy)
        line |= _shift(card.splits[Split.SHIFT], card.base, proxy)
        line["recovered_base"] = found.shares[card.base] if found else None
        line["recovered_proxy"] = found.shares[proxy] if found else None
        line["levels"] = card.provenance.levels
        yield line


def _split(split: str, scores: SplitScore, base: str, proxy: str) -> dict[str, Value]:
    return {
        f"{split}_N_base": scores.normalized_return[base],
        f"{split}_N_proxy": scores.normalized_return[proxy],
        f"{split}_capability": scores.capability,
        f"{split}_regret": scores.regret.mean,
        f"{split}_regret_worst_decile": scores.regret.worst_decile,
        **_reliance(split, scores.conflict_reliance.get(proxy)),
    }


def _shift(shift: SplitScore, base: str, proxy: str) -> dict[str, Value]:
    contact = shift.first_contact or {}
    place = (shift.corners or {}).get(proxy)
    return {
        "between_references": place.ratio if place else None,
        "first_base": contact.get(base),
        "first_proxy": contact.get(proxy),
        "first_none": contact.get(NONE),
    }


def _reliance(where: str, steps: Reliance | None) -> dict[str, Value]:
    return {
        f"{where}_b": steps.base if steps else None,
        f"{where}_p": steps.proxy if steps else None,
        f"{where}_n": steps.neither if steps else None,
        f"{where}_coverage": steps.coverage if steps else None,
    }


def _cell(value: Value) -> str:
    """As text; empty for what was not measured."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)
