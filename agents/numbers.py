"""The numbers of a training that its program takes as arguments: one program serves all values.

This module does not import JAX: jobs are put together by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from agents.algorithms import USUAL_SETTINGS
from agents.ppo_settings import PPOSettings
from agents.run import Run
from mesa_gym.envs.levels_in_memory import split_alpha

OF_SETTINGS = ("learning_rate", "entropy", "discount")
TAKERS = ("agents.ppo:train",)  # others read settings while the program is made


class AgentNumbers(NamedTuple):
    """Numbers of an agent that one program trains; of several agents arrays (agents, ...).

    Attributes:
        seed: uint32, of weights, actions and levels.
        learning_rate, entropy, discount: float32, as in ``PPOSettings``.
        alpha: the share of episodes from the shift, as ``JaxEnv`` takes it.
    """

    seed: Any
    learning_rate: Any
    entropy: Any
    discount: Any
    alpha: Any


def list_numbers(runs: Sequence[Run], settings: PPOSettings | None = None) -> AgentNumbers:
    """Return the numbers of trainings as arrays; ``settings`` replaces the runs' settings."""
    settings_by_run = [settings or run.settings or USUAL_SETTINGS for run in runs]
    discounts = [
        run.find_discount(run_settings)
        for run, run_settings in zip(runs, settings_by_run, strict=True)
    ]
    return AgentNumbers(
        np.array([run.seed for run in runs], np.uint32),
        np.array([run_settings.learning_rate for run_settings in settings_by_run], np.float32),
        np.array([run_settings.entropy for run_settings in settings_by_run], np.float32),
        np.array(discounts, np.float32),
        np.stack([split_alpha(run.alpha) for run in runs]),
    )


def strip_numbers(run: Run) -> Run:
    """Return the run with its numbers reset. Runs that become equal share a compiled program."""
    run = replace(run, seed=0)
    if run.algorithm.source not in TAKERS or run.settings is None:
        return run
    usual = {name: getattr(USUAL_SETTINGS, name) for name in OF_SETTINGS}
    return replace(run, alpha=0.0, settings=replace(run.settings, **usual))
