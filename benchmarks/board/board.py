"""All that a board is made of, read from a folder of results."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.board.standings import DivisionTable, make_divisions
from benchmarks.board.track_records import read_ceilings, read_records
from benchmarks.jobs.store import Results, training_path
from benchmarks.tracks.record import TrackRecord
from mesa_gym.report import Leaderboard, rank_agents, rank_among_committed
from mesa_gym.report.groups import agent_and_seed
from mesa_gym.report.ranking import rename_agent
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.trained.record import AgentRecord


@dataclass(frozen=True)
class Board:
    """A board's numbers.

    Attributes:
        leaderboard: of agents, the committed ones and those of the folder.
        divisions: the standings of methods.
        methods: the records of each method that can be believed, by its name.
        ceilings_of: task -> role -> the share of its choices that an agent paid for it reaches.
        notice: what holds for all of these results, or "".
    """

    leaderboard: Leaderboard
    divisions: list[DivisionTable]
    methods: dict[str, list[TrackRecord]]
    ceilings_of: Mapping[str, Mapping[str, float]]
    notice: str


def read(results: Results) -> Board:
    """Return the cards under a folder among the committed ones, and the records of the tracks.

    Records of methods that cannot be believed are left out, with a line on standard error.

    Raises:
        ValueError: a card or the record of a training is damaged or of another agent, cards cannot
            be compared, or there are neither cards nor records.
    """
    cards = [_name_alpha(results, card) for card in results.cards()]
    records = read_records(results)
    if not cards and not records:
        raise ValueError(
            f"there is no score card under {results.folder / 'cards'}; first do"
            f" `python -m benchmarks board run{results.out_option()}`"
        )
    methods: dict[str, list[TrackRecord]] = defaultdict(list)
    for record in records:
        methods[record.method].append(record)
    return Board(
        rank_results(cards),
        make_divisions(records),
        methods,
        read_ceilings(results),
        results.notice(),
    )


def rank_results(cards: Sequence[ScoreCard]) -> Leaderboard:
    """Rank agents among the committed ones, or alone where they played other levels."""
    others = {(card.provenance.levels, card.provenance.salt) for card in cards}
    if others <= {(EVALUATION_LEVELS, "")}:
        return rank_among_committed(cards)
    return rank_agents(cards)


def _name_alpha(results: Results, card: ScoreCard) -> ScoreCard:
    """Return a card whose agent's name says the share of the shift in its training, if any."""
    agent, seed = agent_and_seed(card.policy)
    path = results.folder / training_path(card.trap, card.policy)
    if seed is None or not os.path.lexists(path):
        return card
    training = results.load(path, AgentRecord.load)
    place = results.folder / training_path(training.trap, training.name)
    if path != place:
        raise ValueError(f"{path} is of {place}; move it there, or delete it")
    alpha = f"-alpha{training.alpha:g}"
    if not training.alpha or alpha in agent:
        return card
    return rename_agent(card, f"{agent}{alpha}")
