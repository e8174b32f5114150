"""The leaderboard of a folder of results: its cards among the committed ones."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.jobs.store import Results, training_path
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import Leaderboard, rank_agents, rank_among_committed
from mesa_gym.report.ranking import rename_agent
from mesa_gym.scoring import ScoreCard
from mesa_gym.solver.certificate import EVALUATION_LEVELS


def read_leaderboard(results: Results) -> Leaderboard:
    """Rank the agents under a folder among the committed ones; errors are those of the cards."""
    return rank_results(read_cards(results))


def read_cards(results: Results) -> list[ScoreCard]:
    """Return the cards under a folder; an agent's name says the share of the shift in training.

    Raises:
        ValueError: there are none, a card or the record of a training is damaged or of another
            agent, or cards cannot be compared.
    """
    cards = [_name_alpha(results, card) for card in results.cards()]
    if not cards:
        raise ValueError(
            f"there is no score card under {results.folder / 'cards'}; first do"
            f" `python -m benchmarks board run{results.out_option()}`, or see the committed agents"
            " with `mesa-gym leaderboard`"
        )
    return cards


def rank_results(cards: Sequence[ScoreCard]) -> Leaderboard:
    """Rank agents among the committed ones, or alone where they played other levels."""
    others = {(card.provenance.levels, card.provenance.salt) for card in cards}
    if others <= {(EVALUATION_LEVELS, "")}:
        return rank_among_committed(cards)
    return rank_agents(cards)


def _name_alpha(results: Results, card: ScoreCard) -> ScoreCard:
    """Return a card whose agent's name says the share of the shift in its training, if any."""
    agent, seed = agent_and_seed(card.policy)
    training = None if seed is None else results.read_training(card.trap, card.policy)
    if training is None:
        return card
    path = results.folder / training_path(card.trap, card.policy)
    place = results.folder / training_path(training.trap, training.name)
    if path != place:
        raise ValueError(f"{path} is of {place}; move it there, or delete it")
    alpha = f"-alpha{training.alpha:g}"
    if not training.alpha or alpha in agent:
        return card
    return rename_agent(card, f"{agent}{alpha}")
