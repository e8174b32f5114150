"""All that a board is made of, read from a folder of results."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from agents.record import AgentRecord
from benchmarks.board.atlas import Atlas, make_atlas
from benchmarks.board.standings import Track, make_tracks
from benchmarks.runs.results import Results, training_path
from benchmarks.tracks.record import TrackRecord, record_path
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.groups import agent_and_seed

# A trap and a policy, such as CheeseCorner-v0 and ppo-s0.
Key = tuple[str, str]


@dataclass(frozen=True)
class Board:
    """A board's numbers, and beside them what its pages show of single agents.

    Attributes:
        atlas: what agents pick.
        tracks: the standings of methods.
        mitigated: the records of the track ``alpha``, which has no standings.
        cards: of every policy.
        trainings: of the agents that have them.
        notice: what holds for all of these results, or "".
    """

    atlas: Atlas
    tracks: list[Track]
    mitigated: list[TrackRecord]
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

    Raises:
        ValueError: a file is damaged, or a record is not of what its name says.
    """
    cards = {(card.trap, card.policy): card for card in results.cards()}
    found = {key: _read_training(results, card) for key, card in cards.items()}
    trainings = {key: training for key, training in found.items() if training is not None}
    alphas: dict[str, float] = {}
    for training in trainings.values():
        if training.alpha > 0:
            alphas[training.agent] = max(training.alpha, alphas.get(training.agent, 0.0))
    records = track_records(results)
    return Board(
        make_atlas([*cards.values()], alphas),
        make_tracks(records),
        [record for record in records if record.alpha],
        cards,
        trainings,
        results.notice(),
    )


def track_records(results: Results) -> list[TrackRecord]:
    """Return the records of the tracks.

    Raises:
        ValueError: one is damaged, or of another method, trap or seed than its name says.
    """
    files = sorted((results.folder / "tracks").glob("*/*.json"))
    records = {path: results.load(path, TrackRecord.load) for path in files}
    for path, record in records.items():
        place = record_path(record.trap, record.method, record.seed)
        _require_place(path, results.folder / place)
    return [*records.values()]


def _read_training(results: Results, card: ScoreCard) -> AgentRecord | None:
    """Return the record of the training of a card's agent, if there is one."""
    path = results.folder / training_path(card.trap, card.policy)
    if agent_and_seed(card.policy)[1] is None or not os.path.lexists(path):
        return None
    training = results.load(path, AgentRecord.load)
    place = training_path(training.trap, training.name)
    _require_place(path, results.folder / place)
    return training


def _require_place(path: Path, place: Path) -> None:
    if path != place:
        raise ValueError(f"{path} is of {place}; move it there, or delete it")
