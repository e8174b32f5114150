"""The Stable-Baselines3 baselines: PPO with the settings of ``mesa_gym.sb3``, and A2C."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from agents.algorithms import USUAL_SETTINGS
from agents.loop import LOOKS, Evaluation, Keep, Report, TrainedAgent, judge_agent
from agents.run import Run
from mesa_gym.errors import require_extra
from mesa_gym.sb3 import CentredExtractor, make_sb3, ppo
from mesa_gym.trained.agent import Agent
from mesa_gym.trained.sb3_mlp import SB3MLP
from mesa_gym.traps import Trap

with require_extra("sb3"):
    import torch
    from stable_baselines3 import A2C
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import Logger

PARALLEL = 128
RATE = 2e-3  # A2C's initial learning rate, which falls to 0
# Diagnostic -> the name under which SB3 logs it; algorithms without clipping log two of them.
LOGGED = {
    "explained_variance": "train/explained_variance", "approx_kl": "train/approx_kl",
    "clip_fraction": "train/clip_fraction", "entropy": "train/entropy_loss",
}  # fmt: skip
# Prefixes of weights that SB3 stores a second time under these names.
DOUBLE = ("pi_features_extractor.", "vf_features_extractor.")


def train(
    runs: Sequence[Run], report: Report | None = None, device: str | None = None,
    *, keep: Keep | None = None, make: Callable[..., BaseAlgorithm] = ppo,
) -> list[TrainedAgent]:  # fmt: skip
    """Train one agent per run; the runs differ only in their seeds.

    Models are trained one after another, and torch then keeps using one thread. ``keep`` is called
    with each agent as soon as it is trained. ``make`` makes a model, like ``mesa_gym.sb3.ppo``.

    Raises:
        ValueError: the device is not the CPU.
    """
    if device is not None and device != "cpu":
        raise ValueError(f"Stable-Baselines3 trains here on the CPU alone, got device {device}")
    torch.set_num_threads(1)
    trap, agents = runs[0].environment().trap, []
    for run in runs:
        discount = run.find_discount(USUAL_SETTINGS)
        model = make(trap, PARALLEL, run.seed, run.env_keywords, gamma=discount)
        model.set_logger(Logger(folder=None, output_formats=[]))  # default: leaves folders
        watch = Watch(run, trap, report)
        model.learn(run.steps, callback=watch)
        trained = TrainedAgent(run, model.num_timesteps, watch.curve, watch.looks)
        trained.agent = export_model(model, trap)
        agents.append(trained)
        if keep:
            keep(run, trained)
    return agents


def make_a2c(trap: Trap, n_envs: int, seed: int, env_kwargs: dict[str, Any], gamma: float) -> A2C:
    """Make an A2C with ``n_envs // 2`` environments and short rollouts."""
    return A2C(
        "MlpPolicy", make_sb3(trap, n_envs // 2, **env_kwargs), lambda left: RATE * left,
        n_steps=8, gamma=gamma, gae_lambda=0.95, ent_coef=0.01, seed=seed, device="cpu",
        policy_kwargs={"features_extractor_class": CentredExtractor, "net_arch": [64]},
    )  # fmt: skip


train_a2c = partial(train, make=make_a2c)


class Watch(BaseCallback):
    """Records returns and evaluates the agent after each tenth of a training.

    Args:
        run, trap: the training and its trap.
        report: called with evaluations; None for no evaluation.

    Attributes:
        curve, looks: as in ``TrainedAgent``.
    """

    def __init__(self, run: Run, trap: Trap, report: Report | None) -> None:
        super().__init__()
        self.run, self.trap, self.report = run, trap, report
        self.curve, self.looks = list[tuple[float, float]](), list[Evaluation]()
        self._earned, self._tenths = list[float](), 0

    def _on_step(self) -> bool:
        infos, done = self.locals["infos"], self.locals["dones"]
        self._earned += [float(infos[row]["episode"]["r"]) for row in done.nonzero()[0]]
        return True

    def _on_rollout_end(self) -> None:
        if (tenths := self.num_timesteps * LOOKS // self.run.steps) > self._tenths:
            self._tenths = tenths
            self._note()

    def _note(self) -> None:
        # SB3 updates the weights after this call, so the returns belong to the current weights.
        mean = float(np.mean(self._earned)) if self._earned else 0.0
        if self._earned:
            self.curve.append((self.num_timesteps, mean))
        self._earned = []
        if self.report is not None:
            agent = export_model(self.model, self.trap)
            shares = judge_agent(agent, self.trap, self.num_timesteps)
            look = Evaluation(self.num_timesteps, mean, *shares, self._read_diagnostics())
            self.looks.append(look)
            self.report([self.run.seed], [look])

    def _read_diagnostics(self) -> dict[str, float]:
        """Return what Stable-Baselines3 logged of the last update, NaN before the first."""
        rows, clips = self.logger.name_to_value, hasattr(self.model, "clip_range")
        names = LOGGED if clips else ("explained_variance", "entropy")
        logged = {name: float(rows.get(LOGGED[name], math.nan)) for name in names}
        return logged | {"entropy": -logged["entropy"]}  # SB3 logs it as a loss


def export_model(model: BaseAlgorithm, trap: Trap) -> Agent:
    """Return the current model as an agent with the network ``SB3MLP``."""
    tensors = model.policy.state_dict().items()
    weights = {name: x.numpy().copy() for name, x in tensors if not name.startswith(DOUBLE)}
    return Agent(SB3MLP(trap), weights)
