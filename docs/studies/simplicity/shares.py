"""What trained agents choose under shift: a row for each agent, in shares.csv.

``python -m docs.studies.simplicity agents RUNS`` trains the agents that have no row yet in the
folder RUNS, scores them, and adds their rows. Training plays no level of the shift, and looks at
none meanwhile: the trainer gets no report.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import process_time

import msgspec
from msgspec import Struct, structs

from agents.run import Run
from agents.saving import save
from agents.train import train_runs
from docs.studies.simplicity.design import (
    ALGORITHMS,
    ALL_PAIRS,
    COLOUR,
    CONFLICT,
    CONFLICT_PAIRS,
    FEW_PAIRS,
    PPO,
    SALIENT_PAIRS,
    SHAPE,
    Combination,
    count_steps,
    list_runs,
)
from mesa_gym.files import format_csv, write_text
from mesa_gym.policies import POLICY_FILE
from mesa_gym.scoring import ScoreCard, score

FILE = Path(__file__).parent / "shares.csv"
LEVELS = 1000  # of each split


class AgentRow(Struct, frozen=True):
    """A trained agent and its choices on ``LEVELS`` levels of the shift.

    Attributes:
        algo: the algorithm.
        alpha: the share of training episodes from the shift.
        shape_rule, colour_rule, shape_planes, colour_planes: as in ``Combination``.
        seed: the training's seed.
        steps: the training's steps.
        success: the success rate on test levels.
        shape, colour, neither: the numbers of shift levels on which it reaches this target first.
        shape_effect, colour_effect: the target effects.
        verdict: the card's verdict, with its detail in parentheses.
        confidence: the card's confidence.
        digest: the digest of the weights.
        seconds: CPU seconds of the training, without those of the programs' compilation.
    """

    algo: str
    alpha: float
    shape_rule: str
    colour_rule: str
    shape_planes: int
    colour_planes: int
    seed: int
    steps: int
    success: float
    shape: int
    colour: int
    neither: int
    shape_effect: float
    colour_effect: float
    verdict: str
    confidence: float
    digest: str
    seconds: float

    @property
    def combination(self) -> Combination:
        """The rules and their planes."""
        return Combination(self.shape_rule, self.colour_rule, self.shape_planes, self.colour_planes)


def list_plan() -> list[tuple[str, Combination, float]]:
    """Return what is trained, in this order: algorithm, combination, and share of shift levels."""
    shortest_first = sorted(ALL_PAIRS, key=lambda x: count_steps(PPO, x.shape_rule, x.colour_rule))
    return [
        *((PPO, pair, 0.0) for pair in (*shortest_first, *SALIENT_PAIRS)),
        *((algo, pair, 0.0) for algo in ALGORITHMS[1:] for pair in FEW_PAIRS),
        *((PPO, pair, CONFLICT) for pair in CONFLICT_PAIRS),
    ]


def train_blind(runs: Sequence[Run], folder: Path) -> dict[Run, float]:
    """Train agents without a report, save those that are missing, and return CPU seconds of each.

    Without a report, an agent is not evaluated while it trains, so that no level of the shift is
    played. With ``alpha`` 0, none is drawn.
    """
    missing = [run for run in runs if not (folder / run.name / POLICY_FILE).exists()]
    seconds, began = dict[Run, float](), process_time()

    def keep(run: Run, trained: object) -> None:
        nonlocal began
        save(folder / run.name, trained)  # type: ignore[arg-type]
        seconds[run], began = process_time() - began, process_time()

    if missing:
        train_runs(missing, keep=keep)
    return seconds


def describe_agent(run: Run, card: ScoreCard, seconds: float) -> AgentRow:
    """Return the row of a scored agent."""
    choice, effect = (card.read_each("shift", x) for x in ("choice", "target_effect"))
    shape, colour = (round(LEVELS * (choice[x] or 0)) for x in (SHAPE, COLOUR))
    shape_effect, colour_effect = (round(effect[x] or 0, 4) for x in (SHAPE, COLOUR))
    shape_rule, colour_rule, shape_planes, colour_planes = (
        run.make_trap().parameters[x] for x in Combination._fields
    )
    return AgentRow(
        run.algo, run.alpha, shape_rule, colour_rule, shape_planes, colour_planes, run.seed,
        run.steps, card.read_number("test", "success_rate") or 0, shape, colour,
        LEVELS - shape - colour,
        shape_effect, colour_effect, f"{card.verdict} ({card.detail})".removesuffix(" ()"),
        round(card.confidence, 4), card.provenance.digest, round(seconds, 1),
    )  # fmt: skip


def read_rows(file: Path = FILE) -> list[AgentRow]:
    """Return the rows of a file; none if it does not exist."""
    if not file.exists():
        return []
    with file.open(newline="") as lines:
        return [msgspec.convert(row, AgentRow, strict=False) for row in csv.DictReader(lines)]


def add_rows(folder: Path, file: Path = FILE) -> Iterator[AgentRow]:
    """Train, score and add the agents without a row, one combination after another."""
    rows = read_rows(file)
    done = {(row.algo, row.combination, row.alpha) for row in rows}
    for planned in list_plan():
        if planned in done:
            continue
        runs = list_runs(*planned)
        seconds = train_blind(runs, folder)
        trap = runs[0].make_trap()
        for run in runs:
            card = score(str(folder / run.name), trap, levels=LEVELS, name=run.name)
            card.save(folder / run.name / "card.json")
            rows.append(describe_agent(run, card, seconds.get(run, 0.0)))
            yield rows[-1]
        write_text(file, format_csv([structs.asdict(row) for row in rows]))
