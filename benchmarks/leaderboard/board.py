"""All that a board is made of, read from a folder of results."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass

from benchmarks.leaderboard.atlas import Atlas, group_and_seed, make_atlas
from benchmarks.leaderboard.results import Results, Training, card_path
from benchmarks.leaderboard.standings import Track, tracks
from benchmarks.tracks.record import TrackRecord, record_path
from mesa_gym.scoring import ScoreCard

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
    """

    atlas: Atlas
    tracks: list[Track]
    mitigated: list[TrackRecord]
    cards: dict[Key, ScoreCard]
    trainings: dict[Key, Training]

    def trained(self, agent: str) -> dict[str, list[Training]]:
        """Return trap -> the records of an agent's training, by seed."""
        found: dict[str, list[Training]] = defaultdict(list)
        for (trap, _), training in sorted(self.trainings.items()):
            if training.agent == agent:
                found[trap].append(training)
        return {trap: sorted(group, key=lambda each: each.seed) for trap, group in found.items()}


def read(results: Results) -> Board:
    """Return the cards under a folder, the records beside them, and those of the tracks.

    Cards alone decide which agents are on the board: a record without its card is passed over.

    Raises:
        ValueError: a file is damaged, or a record is not of what its name says.
    """
    cards = {(card.trap, card.policy): card for card in results.cards()}
    trainings = {
        key: training
        for key, card in cards.items()
        if (training := _training(results, card)) is not None
    }
    alphas: dict[str, float] = {}
    for training in trainings.values():
        if training.alpha > 0:
            alphas[training.agent] = max(training.alpha, alphas.get(training.agent, 0.0))
    atlas = make_atlas(list(cards.values()), alphas)
    records = track_records(results)
    mitigated = [record for record in records if record.alpha]
    return Board(atlas, tracks(records), mitigated, cards, trainings)


def track_records(results: Results) -> list[TrackRecord]:
    """Return the records of the tracks.

    Raises:
        ValueError: one is damaged, or of another method, trap or seed than its name says.
    """
    found = []
    for path in sorted((results.folder / "tracks").glob("*/*.json")):
        record = results.loaded(path, TrackRecord.load)
        place = results.folder / record_path(record.trap, record.method, record.seed)
        if place != path:
            raise ValueError(f"{path} is of {place}; move it there, or delete it")
        found.append(record)
    return found


def _training(results: Results, card: ScoreCard) -> Training | None:
    """Return the record of the training of a card's agent, if there is one."""
    agent, seed = group_and_seed(card)
    path = results.folder / "training" / card.trap / card_path(card.trap, card.policy).name
    if seed is None or not os.path.lexists(path):
        return None
    training = results.loaded(path, Training.load)
    if (training.trap, training.agent, training.seed) != (card.trap, agent, seed):
        raise ValueError(
            f"{path} is of {training.agent}, seed {training.seed}, on {training.trap}; expected"
            f" {agent}, seed {seed}, on {card.trap}"
        )
    return training
