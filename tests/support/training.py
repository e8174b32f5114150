"""Small trainings, and actions of agents, for tests of agents."""

import re

import numpy as np

from agents.algorithms import PPOSettings
from agents.loop import TrainedAgent
from agents.run import AgentNumbers, Run
from agents.train import train_runs
from mesa_gym.envs.levels_in_memory import split_alpha
from mesa_gym.trained.weights_file import encode_weights
from tests.support.networks import CORNER, drawn

__all__ = ["CORNER", "FEW", "acts", "drawn", "leave_untrained", "small", "train_weights"]

# Compiling a new shape takes seconds, so that trainings have one in common: two short updates.
FEW = PPOSettings(environments=16, rollout_length=16)


def small(algo="ppo", trap="CheeseCorner", **more):
    """A training of two updates."""
    run = Run(trap, algo, **{"steps": 2 * FEW.rollout_steps, "num_levels": 50} | more)
    return run.change(environments=16, rollout_length=16) if run.settings else run


def train_weights(*runs):
    """The weights of trainings of one program, as they are saved."""
    return [encode_weights(trained.agent.weights) for trained in train_runs(runs)]


def leave_untrained(run):
    """The agent of a training with its first weights."""
    from agents.compiling import jax
    from agents.networks import LEARNERS

    trained = TrainedAgent(run, 512)
    learner = LEARNERS[run.algorithm.kind](run.environment().trap, (run.settings or FEW).units)
    trained.agent = learner.export(learner.draw(jax.random.key(0)))
    return trained


def acts(policy, planes):
    """Return the actions of a policy where episodes begin."""
    policy.reset(np.ones(len(planes), dtype=bool), np.random.default_rng(0))
    return np.asarray(policy.act(planes))


# The other value of each setting, for a result that differs.
OTHER_SETTINGS = {
    "learning_rate": 1e-3, "epochs": 1, "minibatches": 3, "environments": 17, "rollout_length": 17,
    "clip": 1e-3, "entropy": 5.0, "value_loss": 2.0, "gae_lambda": 0.5, "discount": 0.5,
    "gradient_norm": 1e-3, "units": 64,
}  # fmt: skip


def write_update(ppo, seed=1, alpha=0.0, remaining=1):
    """Return the program of an update as text, without compiling it: an agent's numbers are in it.

    Programs with equal texts give equal results.
    """
    from agents.compiling import jax

    numbers = list_own_numbers(ppo, seed, alpha)
    state = jax.eval_shape(ppo.begin, numbers)
    rest = numbers, np.uint32(1), np.float32(remaining)
    program = jax.make_jaxpr(lambda x: ppo.update(x, *rest))(state)
    return re.sub("0x[0-9a-f]+", "", str(program))


def list_own_numbers(ppo, seed=1, alpha=0.0):
    """The numbers of an agent by the settings of a training."""
    of = ppo.settings
    return AgentNumbers(
        np.uint32(seed), *map(np.float32, (of.learning_rate, of.entropy, of.discount)),
        split_alpha(alpha),
    )  # fmt: skip
