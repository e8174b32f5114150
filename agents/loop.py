"""The training loop: calls compiled updates, evaluates agents, and records the evaluations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.run import Run
from agents.training_looks import Shares
from mesa_gym.trained.agent import Agent

POINTS = 40  # of a learning curve
LOOKS = 10  # at an agent in training


class Evaluation(NamedTuple):
    """The state of an agent after a part of its training.

    Attributes:
        steps: environment steps so far.
        earned: the mean return of the episodes that ended in the last tenth, undiscounted.
        test: the share of test levels on which base is reached, an agent's ``success_rate``; on
            lives its ``learner_ratio``.
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
Report = Callable[[Sequence[int], Sequence[Evaluation]], None]
Keep = Callable[[Run, "TrainedAgent"], None]


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
    looks: list[Evaluation] = field(default_factory=list)


class TrainingProgram(NamedTuple):
    """The compiled training of agents that differ in their seeds.

    Attributes:
        size: steps of an update.
        updates: the number of updates.
        begin, update: those of ``agents.ppo.PPO``, for several agents at once, of their numbers.
        export: makes an agent of weights.
        judge: of ``agents.training_looks.make_judge``, or None.
    """

    size: int
    updates: int
    begin: Callable[..., Any]
    update: Callable[..., Any]
    export: Callable[[Any], Agent]
    judge: Callable[[Any, int], list[Shares]] | None


def run_training(
    program: TrainingProgram, runs: Sequence[Run], numbers: Any, report: Report | None
) -> list[TrainedAgent]:
    """Train the agents of some runs together.

    The numbers, ``AgentNumbers``, are of more agents where devices would idle.

    Raises:
        FloatingPointError: the loss is not a number, or infinite.
    """
    updates = program.updates
    agents = [TrainedAgent(run, updates * program.size) for run in runs]
    learning, ended = program.begin(numbers), list[Any]()
    looks = {-(-updates * i // LOOKS) for i in range(1, LOOKS + 1)}
    # Seldom, as the loop waits for the update; soon at first, where most mistakes show.
    checks = looks | {2**i for i in range(updates.bit_length())}
    for number in range(1, updates + 1):
        left = np.float32(1 - (number - 1) / updates)
        learning, sums = program.update(learning, numbers, np.uint32(number), left)
        # Reading the sums here would wait for the device after each update.
        ended.append(sums)
        step = number * program.size
        if number in checks and not all(np.isfinite(x).all() for x in learning.weights.values()):
            raise FloatingPointError(f"the loss is nan or infinite at step {step:,}")
        if report and program.judge and number in looks:
            recent = np.array(ended[-max(1, updates // LOOKS) :])
            judged = program.judge(learning.weights, number)
            for agent, rows, shares in zip(agents, recent.swapaxes(0, 1), judged, strict=False):
                (earned, episodes), sizes = rows[:, :2].sum(axis=0), rows[:, 2:].mean(axis=0)
                mean, loss_sizes = float(earned / max(episodes, 1)), (*sizes.tolist(),) or None
                agent.looks.append(Evaluation(step, mean, *shares, loss_sizes))
            report([run.seed for run in runs], [agent.looks[-1] for agent in agents])
    note_curves(agents, np.asarray(ended), program.size)
    weights = {name: np.asarray(array) for name, array in learning.weights.items()}
    for i, agent in enumerate(agents):
        agent.agent = program.export({name: array[i] for name, array in weights.items()})
    return agents


def note_curves(agents: Sequence[TrainedAgent], ended: NDArray[Any], size: int) -> None:
    """Write learning curves, in at most ``POINTS`` parts.

    ``ended`` (updates, agents, 2 or more) has the summed returns of episodes that ended and their
    number first.
    """
    for rows in np.array_split(np.arange(len(ended)), min(POINTS, len(ended))):
        at = size * (int(rows[-1]) + 1)
        sums = ended[rows, :, :2].sum(axis=0)
        for agent, (earned, count) in zip(agents, sums.tolist(), strict=False):
            if count:
                agent.curve.append((at, earned / count))
