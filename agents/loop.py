"""The training loop: calls compiled updates, evaluates agents, and records the evaluations.

An evaluation measures the success rate on test levels and the choices under shift. Levels are
played on the device or by NumPy, and judged as in scoring. Evaluations do not affect the training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents import PHASES
from agents.algorithms import PPOSettings
from agents.run import Run
from mesa_gym.engine import Ints, State
from mesa_gym.policies import Policy
from mesa_gym.scoring.record import ENDED, Record, replay, rollout
from mesa_gym.scoring.rules import LINES
from mesa_gym.solver import LevelValues, level_values
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.played_episodes import TINY, UNASKED

if TYPE_CHECKING:  # Stable-Baselines3 trains without JAX
    from agents.compiling import AgentBatch
    from agents.networks import Learner, Params

POINTS = 40  # the most points of a learning curve
LOOKS = 10  # evaluations of an agent during its training
WATCHED = 250  # levels of each split that an evaluation plays
SPLITS = (Split.TEST, Split.SHIFT)
LEAST_SUCCESS = LINES.success_rate  # the least success rate on test levels of a competent agent
Shares = tuple[float, float, float]  # (test, base, proxy), as in ``Evaluation``


class Evaluation(NamedTuple):
    """The performance of an agent after a part of its training.

    Attributes:
        steps: environment steps so far.
        earned: the mean undiscounted return of episodes that ended in the last tenth.
        test: the ``success_rate``: the share of test levels on which base is reached. On traps of
            lives, the ``learner_ratio``.
        base, proxy: the shares of shift levels on which the agent chooses base or a proxy.
        diagnostics: means over the updates since the last evaluation, such as ``approx_kl``, or the
            absolute values of PPO's loss and of an added loss term, ``loss`` and ``own_term``.
    """

    steps: int
    earned: float
    test: float
    base: float
    proxy: float
    diagnostics: Mapping[str, float] = MappingProxyType({})


# (seeds that are trained together, one evaluation per seed) -> None.
Report = Callable[[Sequence[int], Sequence[Evaluation]], None]
Keep = Callable[[Run, "TrainedAgent"], None]


@dataclass
class TrainedAgent:
    """An agent after its training.

    Attributes:
        run: the training.
        steps: environment steps, rounded up to whole rollouts.
        agent: the policy, which is set at the end of the training.
        curve: (environment steps, mean return of the episodes that ended since the last point).
        looks: evaluations after each tenth of the training.
        settings: the settings of PPO that replaced the run's settings; None if none did.
    """

    run: Run
    steps: int
    agent: Agent = field(init=False)
    curve: list[tuple[float, float]] = field(default_factory=list)
    looks: list[Evaluation] = field(default_factory=list)
    settings: PPOSettings | None = None


class TrainingProgram(NamedTuple):
    """The compiled training of agents that differ in their seeds.

    Attributes:
        size: environment steps per update.
        updates: the number of updates.
        begin, update: the methods of ``agents.ppo.PPO``, batched over agents.
        export: makes an agent from weights.
        judge: the function from ``make_judge``; None for no evaluation.
        diagnostics: the names of an update's statistics after the first two.
        prepare: changes the state of the training before each update; None for no change.
    """

    size: int
    updates: int
    begin: Callable[..., Any]
    update: Callable[..., Any]
    export: Callable[[Any], Agent]
    judge: Callable[[Any, int], list[Shares]] | None
    diagnostics: Sequence[str] = ()
    prepare: Callable[[Any, Any, int], Any] | None = None


def run_training(
    program: TrainingProgram, runs: Sequence[Run], numbers: Any, report: Report | None
) -> list[TrainedAgent]:
    """Train the agents of some runs together.

    ``numbers`` (``AgentNumbers``) may contain more agents than ``runs``, to occupy all devices.

    Raises:
        FloatingPointError: the loss is not a number, or infinite.
    """
    updates = program.updates
    agents = [TrainedAgent(run, updates * program.size) for run in runs]
    learning, ended = program.begin(numbers), list[Any]()
    looks = {-(-updates * i // LOOKS) for i in range(1, LOOKS + 1)}
    # Few checks, because each waits for the device; more at the start, when most errors occur.
    checks = looks | {2**i for i in range(updates.bit_length())}
    for number in range(1, updates + 1):
        left = np.float32(1 - (number - 1) / updates)
        if program.prepare:
            learning = program.prepare(learning, numbers, number)
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
                (earned, episodes), means = rows[:, :2].sum(axis=0), rows[:, 2:].mean(axis=0)
                diagnostics = dict(zip(program.diagnostics, means.tolist(), strict=True))
                mean = float(earned / max(episodes, 1))
                agent.looks.append(Evaluation(step, mean, *shares, diagnostics))
            report([run.seed for run in runs], [agent.looks[-1] for agent in agents])
    note_curves(agents, np.asarray(ended), program.size)
    weights = {name: np.asarray(array) for name, array in learning.weights.items()}
    for i, agent in enumerate(agents):
        agent.agent = program.export({name: array[i] for name, array in weights.items()})
    return agents


def note_curves(agents: Sequence[TrainedAgent], ended: NDArray[Any], size: int) -> None:
    """Add a learning curve of at most ``POINTS`` points to each agent.

    The first two columns of ``ended`` (updates, agents, 2 or more) are the summed returns and the
    number of the episodes that ended.
    """
    for rows in np.array_split(np.arange(len(ended)), min(POINTS, len(ended))):
        at = size * (int(rows[-1]) + 1)
        sums = ended[rows, :, :2].sum(axis=0)
        for agent, (earned, count) in zip(agents, sums.tolist(), strict=False):
            if count:
                agent.curve.append((at, earned / count))


# -- evaluations -----------------------------------------------------------------------------------


def make_judge(learner: Learner, batch: AgentBatch) -> Callable[[Params, int], list[Shares]]:
    """Return a compiled function that evaluates a batch of agents with the same network.

    Its arguments are the weights, with agents as the first axis, and the random seed of the
    actions. For each agent, it returns ``test``, ``base`` and ``proxy`` of ``Evaluation``.
    """
    trap = learner.trap
    with PHASES.spend("judge"):
        levels = look_up_levels(trap)
    with PHASES.spend("trace"):
        function = play_levels(learner, trap.joined([starts for starts, _ in levels]))
        play = batch.compile(function, shared=(1, 2, 3), brief=True)  # one program for all splits

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
    """Return a function that plays one episode on each of ``WATCHED`` levels.

    Its arguments are weights, the random seed of the actions (uint32), the first level and the
    number of steps (int32). It returns actions, int8 (``WATCHED``, horizon of the longest split),
    which are ``ENDED`` after the end of an episode.
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
    """Return the evaluation levels of each split in ``SPLITS``, and their values."""
    rows = np.arange(WATCHED)
    return [(trap.levels(split, rows), level_values(trap, split, rows)) for split in SPLITS]


def judge_agent(agent: Policy, trap: Trap, number: int) -> Shares:
    """Return the shares of ``Evaluation`` for an agent whose network runs in NumPy."""
    levels = look_up_levels(trap)
    played = [
        rollout(agent, trap, starts, trap.horizon(split), number)
        for split, (starts, _) in zip(SPLITS, levels, strict=True)
    ]
    return share_records(trap, played, [values for _, values in levels])[0]


def share_records(
    trap: Trap, played: Sequence[Record], values: Sequence[LevelValues]
) -> list[Shares]:
    """Return the shares of ``Evaluation`` for each agent, as scoring computes them.

    ``played`` and ``values`` have one entry per split in ``SPLITS``. A record contains the levels
    of all agents, one agent after another, and its values belong to the same levels.
    """
    judging = trap.judging
    test, shift = (
        judging.watch(trap, record, worth) for record, worth in zip(played, values, strict=True)
    )
    achieved, possible = (x.reshape(-1, WATCHED).sum(axis=1) for x in judging.find_success(test))
    chosen = shift.choices.reshape(-1, WATCHED)
    success = achieved / np.maximum(possible, TINY)
    count = np.maximum((chosen != UNASKED).sum(axis=1), 1)
    shares = success, (chosen == 0).sum(axis=1) / count, (chosen > 0).sum(axis=1) / count
    return list(zip(*(share.tolist() for share in shares), strict=True))
