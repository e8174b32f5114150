"""Behaviour cloning: a network learns to do what an optimal policy did on training levels.

A control for reinforcement learning: the same levels, the same network, and an objective that
was pursued perfectly, with a supervised signal and without reward. The demonstrator knows the
state and pursues the objective that is paid; its actions are sampled, as an episode shows them.

``steps`` counts the transitions that are learnt from. Each demonstrated one is learnt from about
``EPOCHS`` times, so that ``steps / EPOCHS`` environment steps are demonstrated; where there are
too few levels for so many, each level is used and what was done there is learnt from more often.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.compiling import Many, find_device, jax, jnp, optax
from agents.judging import Judge
from agents.loop import StageProgram, TrainingPlan, run_training
from agents.networks import LearningMLP, Weights
from agents.ppo import Learning
from agents.results import Report, TrainedAgent
from agents.run import Run
from agents.settings import PPOSettings
from mesa_gym.engine import Ints, State
from mesa_gym.envs.inputs import CentredInputs
from mesa_gym.envs.observations import planes_of
from mesa_gym.envs.settings import Settings
from mesa_gym.envs.supply import bank_of
from mesa_gym.policies import Oracle, Reference
from mesa_gym.scoring.record import Actions
from mesa_gym.scoring.rollout import follow, rollout
from mesa_gym.solver import share_solution, solutions
from mesa_gym.traps import Trap

EPOCHS = 5
BATCH, MINIBATCHES = 512, 8  # transitions of a minibatch, and minibatches of an update
LEARNING_RATE = 1e-3
BLOCK = 1024  # levels played at once
# Of an oracle on each level: solving a level costs most, and equally good ways differ.
EPISODES = 4
LONGER = 8  # lists of inputs have a multiple of this length


def train(
    run: Run, seeds: Sequence[int], report: Report | None = None, device: str | None = None
) -> list[TrainedAgent]:
    """Train one agent a seed, one after another; see ``agents.ppo.train``."""
    (stage,), many = run.parts(), Many(find_device(device))
    plan = TrainingPlan([stage], PPOSettings(), run.checkpoints)
    with jax.default_device(many.device):
        learner = LearningMLP(stage.settings.trap)
        cloning, size = Cloning(learner), BATCH * MINIBATCHES
        begin = many.compile(cloning.begin)

        def begin_shown(seeds: Any) -> Learning:
            shown = gather_demonstrations(stage.settings, stage.steps, int(seeds[0]))
            weights, state = begin(seeds)
            return Learning(weights, state, tuple(each[None] for each in shown))

        program = StageProgram(
            size, math.ceil(stage.steps / size), begin_shown,
            many.compile(cloning.update, shared=(2, 3), donate_argnums=0), learner.export,
            None if report is None else Judge(learner, many),
        )  # fmt: skip
        return [
            trained
            for seed in seeds
            for trained in run_training(plan, [program], many, [seed], report)
        ]


class Cloning:
    """The fit of a network to what was shown, as functions to compile.

    Args:
        learner: the network.
    """

    def __init__(self, learner: LearningMLP) -> None:
        self.learner, self._optimiser = learner, learner.make_optimiser()

    def begin(self, seed: Any) -> tuple[Weights, Any]:
        """Return first weights, and the optimiser's state."""
        weights = self.learner.draw(jax.random.key(seed))
        return weights, self._optimiser.init(weights)

    def update(self, learning: Learning, seed: Any, number: Any, left: Any) -> tuple[Learning, Any]:
        """Learn from some minibatches; see ``agents.ppo.PPO.update``.

        ``learning.playing`` is what was shown: lists of inputs and actions.
        """
        seen, shown = learning.playing
        key = jax.random.fold_in(jax.random.key(seed), number)
        rows = jax.random.randint(key, (MINIBATCHES, BATCH), 0, len(shown))

        def step(now: Any, rows: Any) -> Any:
            weights, state = now
            gradient = jax.grad(self._lose)(weights, seen[rows], shown[rows])
            steps, state = self._optimiser.update(gradient, state, weights)
            steps = jax.tree.map(lambda each: -LEARNING_RATE * left * each, steps)
            return (optax.apply_updates(weights, steps), state), None

        begun = learning.weights, learning.optimiser
        (weights, state), _ = jax.lax.scan(step, begun, rows)
        return Learning(weights, state, learning.playing), jnp.zeros(2)  # no episode ended

    def _lose(self, weights: Weights, seen: Any, shown: Any) -> Any:
        found = self.learner.net.compute(jnp, weights, seen, None)
        return optax.softmax_cross_entropy_with_integer_labels(found["scores"], shown).mean()


# -- demonstrations --------------------------------------------------------------------------------


def gather_demonstrations(made: Settings, steps: int, seed: int) -> tuple[Ints, Ints]:
    """Return lists of inputs, int32 (m, most), and the actions shown on them, int32 (m,).

    All seeds have arrays of one shape, so that they share a compiled program.

    Args:
        made: of the environments, whose objective is pursued.
        steps: of the training.
        seed: of which levels are shown, and of what is done there.
    """
    view, wanted = CentredInputs(made.trap), math.ceil(steps / EPOCHS)
    seen, taken = list[Ints](), list[Ints]()
    rng = np.random.default_rng(seed)
    starts = pick_starts(made, wanted, rng)
    for begun, actions in play_demonstrations(made, starts, seed):
        planes, chosen = replay_transitions(made.trap, begun, actions)
        seen.append(view.list_inputs(planes))
        taken.append(chosen)
        if sum(map(len, taken)) >= wanted:
            break
    # Lists are a little longer than they must be, since the longest differs from seed to seed.
    most = -(-max(each.shape[1] for each in seen) // LONGER) * LONGER
    filled = [
        np.pad(each, ((0, 0), (0, most - each.shape[1])), constant_values=view.count)
        for each in seen
    ]
    lists, shown = np.concatenate(filled), np.concatenate(taken)
    # As many as are wanted; where there are too few, all as often as one another.
    rows = rng.permutation(max(wanted, len(lists)))[:wanted] % len(lists)
    return lists[rows].astype(np.int32), shown[rows].astype(np.int32)


def pick_starts(made: Settings, count: int, rng: np.random.Generator) -> State:
    """Return the start states of different training levels, ``alpha`` of them of the shift's.

    They are ``count``, or as many as there are.
    """
    there_are = made.num_levels or 0
    rows = rng.choice(there_are, min(count, there_are), replace=False)
    return bank_of(made).take(rows + there_are * (rng.random(len(rows)) < made.alpha))


def play_demonstrations(
    made: Settings, starts: State, seed: int
) -> Iterator[tuple[State, Actions]]:
    """Play the demonstrator's episodes, some levels at a time and solved when their turn comes.

    The demonstrator is the oracle of the paid objective, which plays a level ``EPISODES`` times and
    takes one at random of actions that are equally good. Where the trap has no exact solver it is
    the scripted reference policy, which would do the same each time and plays a level once.

    Args:
        made: of the environments, whose objective is pursued.
        starts: the start states of levels.
        seed: of what is sampled.

    Yields:
        the start states of n levels, and one episode on each: int8 (n, horizon) as a record has
        it. Further episodes on the same levels come next.
    """
    trap, limit = made.trap, made.max_steps
    for first in range(0, starts.n, BLOCK):
        begun = starts.take(np.arange(first, min(first + BLOCK, starts.n)))
        if not trap.solvable:
            reference = Reference(trap, made.reward)
            yield begun, rollout(reference, trap, begun, limit, seed).actions
            continue
        oracle = Oracle(trap, made.reward, limit)
        for rows, solution in solutions(trap, begun, limit):
            solved = begun.take(rows)
            for episode in range(EPISODES):
                with share_solution(solution):
                    played = rollout(oracle, trap, solved, limit, EPISODES * seed + episode)
                yield solved, played.actions


def replay_transitions(
    trap: Trap, starts: State, actions: Actions
) -> tuple[NDArray[np.uint8], Ints]:
    """Return planes (m, ...) and the actions taken on them (m,), step by step, of n episodes.

    Args:
        trap: the rules.
        starts: start states of n levels.
        actions: int8 (n, horizon), ``ENDED`` after an episode's last.
    """
    steps = [(planes_of(trap, now.state), now.chosen) for now in follow(trap, starts, actions)]
    planes, taken = zip(*steps, strict=True)
    return np.concatenate(planes), np.concatenate(taken)
