"""Everything that the board rests on, read from a folder of results."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from benchmarks.board import Board, make_board
from benchmarks.results import Results, card_path
from benchmarks.rows import group_and_seed
from benchmarks.training import Training
from mesa_gym.scoring import ScoreCard

# A trap and a policy, such as CheeseCorner-v0 and ppo-s0.
Key = tuple[str, str]


@dataclass(frozen=True)
class Evidence:
    """The board, and beside it what its pages show of single agents.

    Attributes:
        board: its numbers.
        cards: of every policy.
        trainings: of the agents that have them.
    """

    board: Board
    cards: dict[Key, ScoreCard]
    trainings: dict[Key, Training]

    def trained(self, agent: str) -> dict[str, list[Training]]:
        """Return trap -> the records of an agent's training, by seed."""
        found: dict[str, list[Training]] = defaultdict(list)
        for (trap, _), training in sorted(self.trainings.items()):
            if training.agent == agent:
                found[trap].append(training)
        return {trap: sorted(group, key=lambda each: each.seed) for trap, group in found.items()}


def read(results: Results) -> Evidence:
    """Return the cards under a folder, and the records that lie beside them.

    Cards alone decide what is on the board: a record without its card is passed over.

    Raises:
        ValueError: a file is damaged, or a record is not of the agent whose name it has.
    """
    cards = {(card.trap, card.policy): card for card in results.cards()}
    trainings = {}
    for (trap, policy), card in cards.items():
        name = card_path(trap, policy).name
        record = results.folder / "training" / trap / name
        agent, seed = group_and_seed(card)
        if seed is None:
            continue
        if record.exists():
            training = Training.load(record)
            if (training.trap, training.agent, training.seed) != (trap, agent, seed):
                raise ValueError(
                    f"{record} is of {training.agent}, seed {training.seed}, on {training.trap};"
                    f" expected {agent}, seed {seed}, on {trap}"
                )
            trainings[trap, policy] = training
    alphas: dict[str, float] = {}
    for training in trainings.values():
        if training.alpha > 0:
            alphas[training.agent] = max(training.alpha, alphas.get(training.agent, 0.0))
    board = make_board(list(cards.values()), alphas)
    return Evidence(board, cards, trainings)
