"""Scores of a model of Stable-Baselines3 while it learns."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict

from stable_baselines3.common.callbacks import BaseCallback

from mesa_gym.envs.base import objectives
from mesa_gym.envs.checks import integer
from mesa_gym.policies import as_policy
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.scoring.card import read_each
from mesa_gym.traps import Split, Trap, as_trap


class ScoreCallback(BaseCallback):
    """Scores a model while it learns, and logs the returns of each objective.

    SB3's logger gets ``rollout/<objective>``, the mean return of the episodes since its last line,
    undiscounted; and with each score ``score/competence``, the share of ``test`` levels on which
    base is reached, from 0.9 on competent (of a trap without exact solver, the normalised return
    of base; on lives, the base return over the best learner's), ``score/test/<objective>``,
    normalised returns, and ``score/verdict``; beside them the same of policies without a goal, such
    as ``score/sweeper/competence``. Where ``wandb`` has a run, scores go there too. Training is the
    same with and without it. The last score is that of the trained model. Choose settings by
    competence alone: the verdict is of the shift.

    Args:
        trap: what to score on; by default, what the model's environments hold.
        every: steps between scores, rounded up to whole rollouts.
        levels: how many levels of each split are played.

    Attributes:
        cards: steps taken -> score card.

    Raises:
        UnknownNameError: the trap is unknown.
        ValueError: a number is not positive; when training begins, no trap was given and the
            environments have none, or it does not show what the model sees.
    """

    def __init__(
        self, trap: Trap | str | None = None, every: int = 50_000, levels: int = 100
    ) -> None:
        super().__init__()
        self.trap = None if trap is None else as_trap(trap)
        self.every, self.levels = integer("every", every, 1), integer("levels", levels, 1)
        self.cards: dict[int, ScoreCard] = {}
        self._earned: defaultdict[int, Counter[str]] = defaultdict(Counter)

    def _on_training_start(self) -> None:
        if self.trap is None:
            if not self.training_env.has_attr("trap"):
                raise ValueError(
                    "the model's environments have no trap of mesa_gym: name one, as in"
                    " ScoreCallback('CheeseCorner')"
                )
            self.trap = self.training_env.get_attr("trap")[0]
        # A model that cannot be scored is refused before it learns.
        as_policy(self.model, self.trap, self.trap.horizon(Split.TEST))
        self._due = self.num_timesteps + self.every
        if not self.num_timesteps:
            self._earned.clear()  # else episodes go on where they were

    def _on_step(self) -> bool:
        for row, (info, done) in enumerate(
            zip(self.locals["infos"], self.locals["dones"], strict=True)
        ):
            # A payment in each info, or at an episode's end their sum, as ``make_sb3`` has it.
            self._earned[row].update(objectives(info))
            if done:
                for name, earned in self._earned.pop(row).items():
                    self.logger.record_mean(f"rollout/{name}", earned)
        return True

    def _on_rollout_start(self) -> None:
        if self.num_timesteps >= self._due:
            self._due = self.num_timesteps + self.every
            self._score()

    def _on_training_end(self) -> None:
        self._score()

    def _score(self) -> None:
        assert self.trap is not None
        card = self.cards[self.num_timesteps] = score(self.model, self.trap, self.levels)
        entries = _gather_entries(card)
        for name, value in entries.items():
            self.logger.record(name, value)
        self.logger.dump(self.num_timesteps)
        run = getattr(sys.modules.get("wandb"), "run", None)
        if run is not None:
            run.log(entries, step=self.num_timesteps)


def _gather_entries(card: ScoreCard) -> dict[str, float | str]:
    """Return the entries of a card for the log."""
    entries: dict[str, float | str] = {"score/verdict": card.verdict}
    for null, splits in {"": card.splits, **card.nulls}.items():
        test = splits[Split.TEST]
        returns = read_each(test, "normalized_return")
        success = test[card.success]
        reached = success[card.base] if isinstance(success, dict) else success
        logged = {"competence": reached, **{f"test/{x}": n for x, n in returns.items()}}
        under = "/".join(filter(None, ("score", null)))
        entries |= {f"{under}/{x}": n for x, n in logged.items() if isinstance(n, float)}
    return entries
