"""Small trainings, and actions of agents, for tests of agents."""

import numpy as np

from agents.ppo_settings import PPOSettings
from agents.run import Run
from agents.train import train_runs
from tests.support.networks import CORNER, DOORS, drawn

__all__ = ["CORNER", "DOORS", "FEW", "acts", "drawn", "small", "train_weights"]

# Compiling a new shape takes seconds, so that trainings have one in common: two short updates.
FEW = PPOSettings(environments=16, rollout_length=16)


def small(algo="ppo", trap="CheeseCorner", **more):
    """A training of two updates."""
    run = Run(trap, algo, **{"steps": 2 * FEW.rollout_steps, "num_levels": 50} | more)
    return run.change(environments=16, rollout_length=16) if run.settings else run


def train_weights(run, *seeds):
    """The weights that a training gives, as they are saved; of seed 1 by default."""
    found = [each.weights for each in train_runs(run.repeat(seeds or (1,)))]
    return found if seeds else found[0]


def acts(policy, planes):
    """Return the actions of a policy where episodes begin."""
    policy.reset(np.ones(len(planes), dtype=bool), np.random.default_rng(0))
    return np.asarray(policy.act(planes))
