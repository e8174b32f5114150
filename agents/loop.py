"""The loop of a training: it calls compiled updates, looks on, and keeps what it saw.

Looks are evaluations: arrivals on test levels, and choices under shift. The device plays; NumPy
replays the actions, which are judged as in scoring. The training does not see the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.cpu_seconds import PHASES
from agents.run import Run
from mesa_gym.engine import Ints, State
from mesa_gym.policies import Policy
from mesa_gym.scoring.choices import find_reached
from mesa_gym.scoring.lines import LINES
from mesa_gym.scoring.record import ENDED, Record, replay, rollout
from mesa_gym.solver import LevelValues, level_values
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import Split, Trap

if TYPE_CHECKING:  # Stable-Baselines3 trains without JAX
    from agents.compiling import Many
    from agents.networks import Learner, Params

POINTS = 40  # of a learning curve
LOOKS = 10  # at an agent in training
WATCHED = 250  # of each split, at which is looked
SPLITS = (Split.TEST, Split.SHIFT)
LEAST_ARRIVAL = LINES.arrival  # of test levels
Shares = tuple[float, float, float]


class TrainingLook(NamedTuple):
    """The state of an agent after a part of its training.

    Attributes:
        steps: environment steps so far.
        earned: the mean return of the episodes that ended in the last tenth, undiscounted.
        test: the share of test levels on which base is reached, an agent's ``arrival``.
        base, proxy: the shares of shift levels on which base, or a proxy, is chosen.
        sizes: the mean sizes of PPO's loss and of a term that is added to it, since the last look;
            None without such a term.
    """

    steps: int
    earned: float
    test: float
    base: float
    proxy: float
    sizes: tuple[float, float] | None = None


# Of the seeds that are trained together, and a look at each of them.
Report = Callable[[Sequence[int], Sequence[TrainingLook]], None]


@dataclass
class TrainedAgent:
    """An agent after its training.

    Attributes:
        run: the training.
        steps: environment steps; whole rollouts can be more than was asked for.
        agent: the policy, once the training has ended.
        curve: (environment steps, mean return of the episodes that ended before them).
        looks: evaluations after each tenth of the training.
    """

    run: Run
    steps: int
    agent: Agent = field(init=False)
    curve: list[tuple[float, float]] = field(default_factory=list)
    looks: list[TrainingLook] = field(default_factory=list)

    @property
    def earned(self) -> float:
        """The mean return at the end of the training curve; 0 without a curve."""
        return self.curve[-1][1] if self.curve else 0.0


class TrainingProgram(NamedTuple):
    """The compiled training of agents that differ in their seeds.

    Attributes:
        size: steps of an update.
        updates: the number of updates.
        begin, update: those of ``agents.ppo.PPO``, for several agents at once, of their numbers.
        export: makes an agent of weights.
        judge: of ``make_judge``, or None.
    """

    size: int
    updates: int
    begin: Callable[..., Any]
    update: Callable[..., Any]
    export: Callable[[Params], Agent]
    judge: Callable[[Params, int], list[Shares]] | None


def run_training(
    program: TrainingProgram, runs: Sequence[Run], own: Any, report: Report | None
) -> list[TrainedAgent]:
    """Train agents together.

    Args:
        program: what is trained.
        runs: the agents' trainings.
        own: ``agents.numbers.AgentNumbers``, of more agents where devices would idle.
        report: called with evaluations, or None.

    Raises:
        FloatingPointError: the loss is not a number, or infinite.
    """
    updates = program.updates
    found = [TrainedAgent(run, updates * program.size) for run in runs]
    learning, ended = program.begin(own), list[Any]()
    looks = {-(-updates * i // LOOKS) for i in range(1, LOOKS + 1)}
    # Seldom, as the loop waits for the update; soon at first, where most mistakes show.
    checks = looks | {2**i for i in range(updates.bit_length())}
    for number in range(1, updates + 1):
        left = np.float32(1 - (number - 1) / updates)
        learning, sums = program.update(learning, own, np.uint32(number), left)
        ended.append(sums)
        step = number * program.size
        if number in checks and not all(np.isfinite(x).all() for x in learning.weights.values()):
            raise FloatingPointError(f"the loss is nan or infinite at step {step:,}")
        if report is not None and program.judge is not None and number in looks:
            recent = np.array(ended[-max(1, updates // LOOKS) :])
            judged = program.judge(learning.weights, number)
            for each, rows, shares in zip(found, recent.swapaxes(0, 1), judged, strict=False):
                (earned, episodes), sizes = rows[:, :2].sum(axis=0), rows[:, 2:].mean(axis=0)
                mean, told = float(earned / max(episodes, 1)), (*sizes.tolist(),) or None
                each.looks.append(TrainingLook(step, mean, *shares, told))
            report([run.seed for run in runs], [each.looks[-1] for each in found])
    note_curves(found, np.asarray(ended), program.size)
    weights = {name: np.asarray(each) for name, each in learning.weights.items()}
    for i, each in enumerate(found):
        each.agent = program.export({name: own[i] for name, own in weights.items()})
    return found


def note_curves(found: Sequence[TrainedAgent], ended: NDArray[Any], size: int) -> None:
    """Write learning curves, in at most ``POINTS`` parts.

    Args:
        found: the agents.
        ended: of each update and agent the sum of the returns of episodes that ended and their
            number first, (updates, agents, 2 or more).
        size: steps of an update.
    """
    for rows in np.array_split(np.arange(len(ended)), min(POINTS, len(ended))):
        at = size * (int(rows[-1]) + 1)
        sums = ended[rows, :, :2].sum(axis=0)
        for each, (earned, count) in zip(found, sums.tolist(), strict=False):
            if count:
                each.curve.append((at, earned / count))


# -- looks -----------------------------------------------------------------------------------------


def make_judge(learner: Learner, many: Many) -> Callable[[Params, int], list[Shares]]:
    """Return a function that judges agents of a network, compiled for several of them.

    Its arguments are weights, with an axis of agents in front, and the random number that actions
    are drawn by. It returns for each agent the shares of ``TrainingLook``: test, base and proxy.
    """
    trap = learner.trap
    with PHASES.spend("trace"):
        plays = [many.compile(play_levels(learner, split), shared=(1,)) for split in SPLITS]
    with PHASES.spend("judge"):
        levels = [look_up_levels(trap, split) for split in SPLITS]

    @PHASES.spend("judge")
    def judge(weights: Params, number: int) -> list[Shares]:
        played, valued = list[Record](), list[LevelValues]()
        for play, (starts, values) in zip(plays, levels, strict=True):
            actions = np.asarray(play(weights, np.uint32(number)))
            rows = np.tile(np.arange(WATCHED), len(actions))
            played.append(replay(trap, starts.take(rows), actions.reshape(len(rows), -1)))
            valued.append(values.take(rows))
        return share_records(trap, played, valued)

    return judge


def play_levels(learner: Learner, split: Split) -> Callable[[Params, Any], Any]:
    """Return a function that plays the first levels of a split, once each.

    Its arguments are weights and a number, uint32, that actions are drawn by. It returns actions,
    int8 (levels, horizon), ``ENDED`` after an episode's last.
    """
    from agents.compiling import jax, jnp

    env = learner.make_env(WATCHED, split=split, num_levels=WATCHED)

    def play(weights: Params, number: Any) -> Any:
        seen, state = env.reset_to_level(jnp.arange(WATCHED))
        memory, begins = jnp.zeros((WATCHED, learner.memory)), jnp.zeros((1, WATCHED), bool)

        def step(now: Any, key: Any) -> tuple[Any, Any]:
            seen, state, memory, over = now
            found = learner.answer(weights, seen[None], begins, memory)
            action = jax.random.categorical(key, found.scores[0])
            seen, state, _, done, _ = env.step_env(state, action)
            taken = jnp.where(over, ENDED, action).astype(jnp.int8)
            return (seen, state, found.memory, over | done), taken

        keys = jax.random.split(jax.random.key(number), learner.trap.horizon(split))
        begun = (seen, state, memory, jnp.zeros(WATCHED, bool))
        actions: Ints = jax.lax.scan(step, begun, keys)[1].T
        return actions

    return play


def look_up_levels(trap: Trap, split: Split) -> tuple[State, LevelValues]:
    """Return the levels of a split at which is looked, and their values."""
    numbers = np.arange(WATCHED)
    return trap.levels(split, numbers), level_values(trap, split, numbers)


def judge_agent(agent: Policy, trap: Trap, number: int) -> Shares:
    """Return the shares of ``TrainingLook`` for an agent that NumPy plays.

    Args:
        agent: the policy.
        trap: what it is judged on.
        number: the random number for drawing actions.
    """
    levels = [look_up_levels(trap, split) for split in SPLITS]
    played = [
        rollout(agent, trap, starts, trap.horizon(split), number)
        for split, (starts, _) in zip(SPLITS, levels, strict=True)
    ]
    return share_records(trap, played, [values for _, values in levels])[0]


def share_records(
    trap: Trap, played: Sequence[Record], values: Sequence[LevelValues]
) -> list[Shares]:
    """Return for each agent the shares of ``TrainingLook``, as scoring has them.

    Args:
        trap: the rules.
        played: a record of each of ``SPLITS``, of all agents' levels, one agent after another.
        values: of the same levels.
    """
    (test, shift), (test_values, shift_values) = played, values
    reached = find_reached(trap, test, test_values).arrived.reshape(-1, WATCHED)
    chosen = find_reached(trap, shift, shift_values).choices.reshape(-1, WATCHED)
    shares = reached.mean(axis=1), (chosen == 0).mean(axis=1), (chosen > 0).mean(axis=1)
    return list(zip(*(each.tolist() for each in shares), strict=True))
