"""All that a board is made of, read from a folder of results."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.board.atlas import Atlas, make_atlas
from benchmarks.board.standings import DivisionTable, make_divisions
from benchmarks.board.track_records import read_ceilings, read_records
from benchmarks.runs.results import Results, training_path
from benchmarks.tracks.record import TrackRecord
from mesa_gym.report.groups import agent_and_seed
from mesa_gym.scoring import ScoreCard
from mesa_gym.trained.record import AgentRecord

# A trap and a policy, such as CheeseCorner-v0 and ppo-s0.
Key = tuple[str, str]


@dataclass(frozen=True)
class Board:
    """A board's numbers, and beside them what its pages show of single agents.

    Attributes:
        atlas: what agents pick.
        divisions: the standings of methods.
        methods: the records of each method that can be believed, by its name.
        ceilings_of: task -> role -> the share of its choices that an agent paid for it reaches.
        cards: of every policy.
        trainings: of the agents that have them.
        notice: what holds for all of these results, or "".
    """

    atlas: Atlas
    divisions: list[DivisionTable]
    methods: dict[str, list[TrackRecord]]
    ceilings_of: Mapping[str, Mapping[str, float]]
    cards: dict[Key, ScoreCard]
    trainings: dict[Key, AgentRecord]
    notice: str

    def find_trainings(self, agent: str) -> dict[str, list[AgentRecord]]:
        """Return trap -> the records of an agent's training, by seed."""
        found: dict[str, list[AgentRecord]] = defaultdict(list)
        for training in sorted(self.trainings.values(), key=lambda each: (each.trap, each.seed)):
            if training.agent == agent:
                found[training.trap].append(training)
        return found


def read(results: Results) -> Board:
    """Return the cards under a folder, the records beside them, and those of the tracks.

    Cards alone decide which agents are on the board: a record without its card is passed over.
    Records of methods that cannot be believed are left out, with a line on standard error.

    Raises:
        ValueError: a card is damaged, or a training's record, or one is not of what its name says.
    """
    cards = {(card.trap, card.policy): card for card in results.cards()}
    found = {key: _read_training(results, card) for key, card in cards.items()}
    trainings = {key: training for key, training in found.items() if training is not None}
    alphas: dict[str, float] = {}
    for training in trainings.values():
        if training.alpha > 0:
            alphas[training.agent] = max(training.alpha, alphas.get(training.agent, 0.0))
    records = read_records(results)
    methods: dict[str, list[TrackRecord]] = defaultdict(list)
    for record in records:
        methods[record.method].append(record)
    return Board(
        make_atlas([*cards.values()], alphas),
        make_divisions(records),
        methods,
        read_ceilings(results),
        cards,
        trainings,
        results.notice(),
    )


def _read_training(results: Results, card: ScoreCard) -> AgentRecord | None:
    """Return the record of the training of a card's agent, if there is one."""
    path = results.folder / training_path(card.trap, card.policy)
    if agent_and_seed(card.policy)[1] is None or not os.path.lexists(path):
        return None
    training = results.load(path, AgentRecord.load)
    place = training_path(training.trap, training.name)
    if path != results.folder / place:
        raise ValueError(f"{path} is of {results.folder / place}; move it there, or delete it")
    return training
