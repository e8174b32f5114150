"""The content of a report: every number of a card beside those of its nulls."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, cycle
from typing import NamedTuple

from mesa_gym.report.svg import BASE_TONE, PROXY_TONES, REST_TONE, Bar, bars
from mesa_gym.scoring import ScoreCard


class Section(NamedTuple):
    """The numbers of a split. Names stand in it as they are: the templates escape every cell.

    Attributes:
        split: its name.
        heads: of the columns.
        rows: cells; the first of a row names it.
        plot: of the shares among the numbers, as markup; "" where there are no nulls.
    """

    split: str
    heads: list[str]
    rows: list[list[str | float | None]]
    plot: str


def list_sections(card: ScoreCard) -> Iterator[Section]:
    """Yield the splits, the shift first, with all numbers that mean something there."""
    tones = dict(zip(card.objectives, chain([BASE_TONE], cycle(PROXY_TONES)), strict=False))
    for split in reversed(card.splits):
        rows = [row for row in card.rows() if row.split == split and row.value is not None]
        nulls = [*rows[0].nulls]
        cells: list[list[str | float | None]] = []
        shares = []
        for row in rows:
            name, key = row.measure.name.replace("_", " "), row.key
            numbers = [row.value, *map(row.nulls.get, nulls)]
            cells.append([name, key, *numbers])
            if nulls and row.measure.unit.high == 1:
                shares.append(Bar(f"{name} {key}", tones.get(key, REST_TONE), numbers))
        plot = bars(f"Shares; thin, below: {', '.join(nulls)}", shares) if shares else ""
        yield Section(split, ["measure", "of", "policy", *nulls], cells, plot)
