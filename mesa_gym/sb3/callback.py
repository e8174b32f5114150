"""A callback that scores a Stable-Baselines3 model while it learns."""

from __future__ import annotations

import sys
from collections import Counter, defaultdict

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import TensorBoardOutputFormat

from mesa_gym.envs.base import objectives
from mesa_gym.envs.checks import integer
from mesa_gym.policies import as_policy
from mesa_gym.scoring import ScoreCard, score
from mesa_gym.traps import Split, Trap, as_trap


class ScoreCallback(BaseCallback):
    """Scores a model while it learns, and logs the returns of each objective.

    SB3's logger receives ``rollout/<objective>``, the mean undiscounted return of the episodes
    since the last log line. Each score adds ``score/competence``, ``score/test/<objective>`` (a
    normalised return) and ``score/verdict``, and the values of policies without a goal, such as
    ``score/sweeper/competence``. Competence is the share of ``test`` levels on which base is
    reached; a model is competent from 0.9 on. (Without exact solver, competence is the normalised
    return of base; on lives, it is the base return divided by the best learner's.) Scores are also
    sent to ``wandb`` if it has a run. The callback does not change the training, and its last score
    is of the trained model. Choose settings by competence only, since the verdict uses the shift.

    Args:
        trap: the trap to score on; by default, the trap of the model's environments.
        every: steps between scores, rounded up to whole rollouts.
        levels: the number of levels per split.

    Attributes:
        cards: steps taken -> score card.

    Raises:
        UnknownNameError: the trap is unknown.
        ValueError: a number is not positive; or, when training begins, neither ``trap`` nor the
            environments give a trap, or the trap does not have the model's observations.
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
        # Raises before the training if the model cannot be scored.
        as_policy(self.model, self.trap, self.trap.horizon(Split.TEST))
        self._due = self.num_timesteps + self.every
        if not self.num_timesteps:
            self._earned.clear()  # otherwise running episodes continue

    def _on_step(self) -> bool:
        for row, (info, done) in enumerate(
            zip(self.locals["infos"], self.locals["dones"], strict=True)
        ):
            # Infos have rewards at each step or, with ``make_sb3``, returns at an episode's end.
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
        # `wandb.init(sync_tensorboard=True)` sends what the logger writes to TensorBoard.
        writes = any(isinstance(x, TensorBoardOutputFormat) for x in self.logger.output_formats)
        syncs = getattr(getattr(run, "settings", None), "sync_tensorboard", False)
        if run is not None and not (writes and syncs):
            run.log(entries, step=self.num_timesteps)


def _gather_entries(card: ScoreCard) -> dict[str, float | str]:
    """Return the entries of a card for the log."""
    entries: dict[str, float | str] = {"score/verdict": card.verdict}
    for null, splits in {"": card.splits, **card.nulls}.items():
        test = splits[Split.TEST]
        returns = card.read_each(Split.TEST, "normalized_return", null)
        success = test[card.success]
        reached = success[card.base] if isinstance(success, dict) else success
        logged = {"competence": reached, **{f"test/{x}": n for x, n in returns.items()}}
        under = "/".join(filter(None, ("score", null)))
        entries |= {f"{under}/{x}": n for x, n in logged.items() if isinstance(n, float)}
    return entries
