"""Checks of a trap's optima: certificates hold, and oracles or references earn the optima."""

from __future__ import annotations

import numpy as np

from mesa_gym.engine import STAY, Floats
from mesa_gym.engine.chance import streams
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.policies import Oracle
from mesa_gym.scoring.record import rollout
from mesa_gym.solver import LevelValues, Solution, level_values, reference_actions, solutions
from mesa_gym.solver.certificate import certify, measure_attainability
from mesa_gym.solver.disagreement import explain_disagreement
from mesa_gym.testing.check import SAMPLED, Findings, check
from mesa_gym.testing.sample import Sample, every_branch, sample_of
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.played_episodes import sum_discounted

CLOSE = 1e-6
# Levels of each split on which an objective must be attainable at least once.
TRIED_LEVELS = 4
# Episodes of each objective if outcomes are random, and the probability that correct values fail by
# bad luck.
EPISODES = 20_000
UNLUCKY = 1e-6
# Minimum of levels for a mean return, because fewer levels give a poor estimate.
LEAST_LEVELS = 100
# Minimum of N (normalised return) of base for a reference on test levels, as for a trained agent,
# and maximum of N of the other objective under shift.
COMPETENT = 0.9
MOST_OF_THE_OTHER = 0.7


@check(
    *Split,
    solvable=True,
    fix="make sure that targets can be entered (`blocked`, `rules`, `ends`) and reached in time"
    " (`each_first`, `horizon`)",
)
def check_attainable(sample: Sample) -> Findings:
    """Check that base, and each proxy under shift, can earn more than the floor on some level."""
    trap, split = sample.trap, sample.split
    values = level_values(trap, split, np.arange(min(sample.levels, TRIED_LEVELS)))
    for x in trap.objectives if split.shifted else (trap.base,):
        attainability = measure_attainability(values, split, x)
        yield attainability.attainable > 0, str(attainability)


@check(*Split, solvable=True, fix="leave out of `layout_things` what an objective pays for")
def check_layout(sample: Sample) -> Findings:
    """Check that no objective pays for things of the layout."""
    trap, state = sample.trap, sample.state
    for kind in trap.layout_things or ():
        there = state.there | {kind: np.zeros_like(state.there[kind])}
        without = every_branch(trap, state._replace(there=there))
        for step, without_kind in zip(sample.steps, without, strict=True):
            for x, rewards in step.paid.items():
                message = f"{x!r} pays otherwise without the layout's {kind!r}"
                yield rewards == without_kind.paid[x], message, state


@check(
    solvable=True,
    fix="look at the worst level, or declare a `delta` and its reason; draw targets that can be"
    " reached in time (`each_first`), and a shift on which pursuing one objective costs the other",
)
def check_certificate(trap: Trap, levels: int) -> Findings:
    """Check agreement, attainability and separation, as ``mesa-gym certify`` measures them."""
    certificate = certify(trap, levels)
    for attainability in certificate.attainability:
        yield attainability.holds, str(attainability)
    for agreement in certificate.agreement:
        why = "" if agreement.holds else f"; {explain_disagreement(trap, agreement)}\n"
        yield agreement.holds, f"{agreement}{why}"
    for separation in certificate.separation:
        yield separation.holds, str(separation)


@check(*Split, solvable=True)
def check_oracle(sample: Sample) -> Findings:
    """Check that each oracle earns the solver's optimum in the environment, on every level.

    If outcomes are random, the mean over many independent episodes must equal the optimum within
    sampling error.
    """
    trap, split, horizon = sample.trap, sample.split, sample.trap.horizon(sample.split)
    starts = trap.levels(split, np.arange(sample.levels))
    for _, solution in solutions(trap, starts, horizon):
        if trap.outcomes:
            yield from _check_means(solution)
            continue
        # Of one level only, so that an episode that ends draws no other one.
        env = TrapVectorEnv(trap, solution.starts.n, split=split.value, num_levels=1)
        for x in trap.objectives:
            oracle = Oracle(trap, x, horizon)
            oracle.learn(solution)
            actions = rollout(oracle, trap, solution.starts, horizon).actions
            env.reset(options={"level": solution.starts.level.number})
            earned = np.zeros(len(actions))
            for t, chosen in enumerate(actions.T):
                running = chosen >= 0
                infos = env.step(np.where(running, chosen, STAY).astype(np.int64))[4]
                earned += running * trap.discount(x) ** t * infos[f"reward_{x}"]
            good = np.abs(earned - solution.optimum(x)) <= CLOSE
            message = f"the oracle of {x!r} earns another return in the environment"
            yield good, f"{message} than the solver's optimum", solution.starts


def _check_means(solution: Solution) -> Findings:
    """Compare the optimum with the oracles' mean returns; each level is played many times."""
    trap, times = solution.trap, -(-EPISODES // solution.starts.n)
    again = trap.joined([solution.starts.take(np.repeat(np.arange(solution.starts.n), times))])
    rows = np.arange(again.n)
    tables = again.level.tables | {name: streams(0, rows, name) for name in trap.seeds}
    again = again._replace(level=again.level._replace(tables=tables))
    for x in trap.objectives:
        oracle = Oracle(trap, x, solution.horizon)
        oracle.learn(solution)
        rewards = rollout(oracle, trap, again, solution.horizon).paid[x]
        more = sum_discounted(rewards, trap.discount(x)) - np.repeat(solution.optimum(x), times)
        span = 2 * (abs(solution.optimum(x)).max() + abs(solution.graph.payments[x]).max())
        message = f"the oracle of {x!r} earns {more.mean():+.4f} more than the solver's optimum"
        yield abs(more.mean()) <= _bound_luck(more, span), f"{message}, the mean of {again.n:,}"


def _bound_luck(sample: Floats, span: float) -> float:
    """Return the largest distance of a sample's mean from its expectation by bad luck.

    This is the empirical Bernstein bound (Audibert, Munos and Szepesvari 2009,
    "Exploration-exploitation tradeoff using variance estimates in multi-armed bandits", theorem
    1), which also holds if the sample misses rare losses; ``span`` is the range of the values.
    """
    size, logarithm = len(sample), np.log(3 / UNLUCKY)
    return float(sample.std() * (2 * logarithm / size) ** 0.5 + 3 * span * logarithm / size)


@check(
    solvable=False,
    fix="write references that choose actions from the state alone and pursue their own objective;"
    " draw a shift on which pursuing one objective costs the other",
)
def check_references(trap: Trap, levels: int) -> Findings:
    """Check that references depend on the state alone, agree in training, and differ under shift.

    This check replaces the certificate for traps without an exact solver; other traps pass.
    """
    for split in Split:
        state = sample_of(trap, split, min(levels, SAMPLED)).walk
        backwards = np.arange(state.n)[::-1]
        for x in trap.objectives:
            actions = reference_actions(trap, x, state)
            again = reference_actions(trap, x, state.take(backwards))[backwards]
            yield actions == again, f"the reference of {x!r} is not a function of the state", state
    values = {s: level_values(trap, s, np.arange(max(levels, LEAST_LEVELS))) for s in Split}
    for split, split_values in values.items():
        for x in trap.objectives if split.shifted else (trap.base,):
            optimum, floor = split_values.optimum[x].mean(), split_values.floor[x].mean()
            message = f"on {split}, the reference of {x!r} earns a mean return of {optimum:.3f}"
            yield optimum > floor, f"{message}; acting at random or staying earns {floor:.3f}"
    for proxy in trap.proxies:
        for of, returns, split in (
            (trap.base, proxy, Split.TEST),
            (trap.base, proxy, Split.SHIFT),
            (proxy, trap.base, Split.SHIFT),
        ):
            share = _normalise_return(values[split], of, returns)
            good = share <= MOST_OF_THE_OTHER if split.shifted else share >= COMPETENT
            limit = f"at most {MOST_OF_THE_OTHER}" if split.shifted else f"at least {COMPETENT}"
            message = f"on {split}, the reference of {returns!r} has the normalised return"
            yield good, f"{message} {share:.2f} for {of!r}; expected {limit}"


def _normalise_return(values: LevelValues, of: str, reference: str) -> float:
    """Return N (normalised return) of objective ``of`` for the reference of ``reference``."""
    floor = values.floor[of].sum()
    return float((values.best[of, reference].sum() - floor) / (values.optimum[of].sum() - floor))
