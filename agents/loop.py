"""The training loop: calls compiled updates, evaluates agents, and records the evaluations.

Evaluations are success rates on test levels, and choices under shift. Levels are played by the
device, or by NumPy, and judged as in scoring. The training does not see the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents import PHASES
from agents.run import Run
from mesa_gym.engine import Ints, State
from mesa_gym.policies import Policy
from mesa_gym.scoring.record import ENDED, Record, replay, rollout
from mesa_gym.scoring.verdict import LINES
from mesa_gym.solver import LevelValues, level_values
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.played_episodes import TINY

if TYPE_CHECKING:  # Stable-Baselines3 trains without JAX
    from agents.compiling import AgentBatch
    from agents.networks import Learner, Params

POINTS = 40  # of a learning curve
LOOKS = 10  # at an agent in training
WATCHED = 250  # levels of each split that an evaluation plays
SPLITS = (Split.TEST, Split.SHIFT)
LEAST_SUCCESS = LINES.success_rate  # of test levels
Shares = tuple[float, float, float]  # of ``Evaluation``: test, base and proxy


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
        judge: of ``make_judge``, or None.
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


# -- evaluations -----------------------------------------------------------------------------------


def make_judge(learner: Learner, batch: AgentBatch) -> Callable[[Params, int], list[Shares]]:
    """Return a compiled function that evaluates a batch of agents of one network.

    Its arguments are weights, with an axis of agents in front, and the random number that actions
    are drawn by. It returns for each agent the shares of ``Evaluation``: test, base and proxy.
    """
    trap = learner.trap
    with PHASES.spend("judge"):
        levels = look_up_levels(trap)
    with PHASES.spend("trace"):
        function = play_levels(learner, trap.joined([starts for starts, _ in levels]))
        play = batch.compile(function, shared=(1, 2, 3))  # one program for all splits

    @PHASES.spend("judge")
    def judge(weights: Params, number: int) -> list[Shares]:
        played, valued = list[Record](), list[LevelValues]()
        for i, (starts, values) in enumerate(levels):
            steps = trap.horizon(SPLITS[i])
            actions = play(weights, np.uint32(number), np.int32(i * WATCHED), np.int32(steps))
            actions = np.asarray(actions)[..., :steps].reshape(-1, steps)
            rows = np.arange(len(actions)) % WATCHED
            played.append(replay(trap, starts.take(rows), actions))
            valued.append(values.take(rows))
        return share_records(trap, played, valued)

    return judge


def play_levels(learner: Learner, levels: State) -> Callable[[Params, Any, Any, Any], Any]:
    """Return a function that plays ``WATCHED`` of some levels, once each.

    Its arguments are weights, a number (uint32) that actions are drawn by, and (int32) the first
    level and how many steps are played. It returns actions, int8 (``WATCHED``, steps of the longest
    split), ``ENDED`` after an episode's last.
    """
    from agents.compiling import jax, jnp

    longest = max(map(learner.trap.horizon, SPLITS))
    options = {"num_levels": levels.n, "max_steps": longest}
    env = learner.make_env(WATCHED, draw=lambda _, rows, __: levels.take(rows), **options)

    def play(weights: Params, number: Any, first: Any, steps: Any) -> Any:
        keys = jax.random.split(jax.random.key(number), longest)
        episode_start = jnp.zeros((1, WATCHED), bool)

        def step(i: Any, carry: Any) -> Any:
            obs, state, memory, over, actions = carry
            outputs = learner.apply(weights, obs[None], episode_start, memory)
            action = jax.random.categorical(keys[i], outputs.logits[0])
            obs, state, _, done, _ = env.step_env(state, action)
            actions = actions.at[i].set(jnp.where(over, ENDED, action).astype(jnp.int8))
            return obs, state, outputs.memory, over | done, actions

        start = (
            *env.reset_to_level(first + jnp.arange(WATCHED)),
            jnp.zeros((WATCHED, learner.memory)),
            jnp.zeros(WATCHED, bool),
            jnp.full((longest, WATCHED), ENDED, jnp.int8),
        )
        actions: Ints = jax.lax.fori_loop(0, steps, step, start)[-1].T
        return actions

    return play


def look_up_levels(trap: Trap) -> list[tuple[State, LevelValues]]:
    """Return the evaluation levels of each of ``SPLITS``, and their values."""
    rows = np.arange(WATCHED)
    return [(trap.levels(split, rows), level_values(trap, split, rows)) for split in SPLITS]


def judge_agent(agent: Policy, trap: Trap, number: int) -> Shares:
    """Return the shares of ``Evaluation`` for an agent that NumPy plays."""
    levels = look_up_levels(trap)
    played = [
        rollout(agent, trap, starts, trap.horizon(split), number)
        for split, (starts, _) in zip(SPLITS, levels, strict=True)
    ]
    return share_records(trap, played, [values for _, values in levels])[0]


def share_records(
    trap: Trap, played: Sequence[Record], values: Sequence[LevelValues]
) -> list[Shares]:
    """Return for each agent the shares of ``Evaluation``, as scoring has them.

    There is a record of each of ``SPLITS``, of all agents' levels, one agent after another; the
    values are of the same levels.
    """
    judging = trap.judging
    test, shift = (
        judging.watch(trap, split.value, record, worth)
        for split, record, worth in zip(SPLITS, played, values, strict=True)
    )
    achieved, possible = (x.reshape(-1, WATCHED).sum(axis=1) for x in judging.find_success(test))
    chosen = judging.reached(shift).choices.reshape(-1, WATCHED)
    success = achieved / np.maximum(possible, TINY)
    shares = success, (chosen == 0).mean(axis=1), (chosen > 0).mean(axis=1)
    return list(zip(*(share.tolist() for share in shares), strict=True))
