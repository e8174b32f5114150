"""The learner opened: what its memory says of the goal, and what another life's memory makes of it.

    python -m docs.studies.lifetimes_opened --page docs/studies/lifetimes.md

A linear probe reads the kind of fruit that a life is about from the memory of an agent of
``docs.studies.lifetimes``; it is fitted on lives of training and asked of others. Then the memory
of one life is put into another one.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.markdown import lay_out_table
from docs.studies.lifetimes import SEEDS, make_groups
from docs.studies.page_tables import make_parser, show
from docs.studies.seeds import SeedGroup
from mesa_gym.command import DONE, run_command
from mesa_gym.engine import Ints
from mesa_gym.envs.observations import make_observation
from mesa_gym.trained.gru import RecurrentNetwork
from mesa_gym.traps import Trap
from mesa_gym.traps.life import NONE, TRIALS, Life

LIVES, RIDGE = 400, 1e-2
AT = 3  # the trial, counted from 0, at whose beginning memories are read and exchanged
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Opened:
    """Lives that an agent lived.

    Attributes:
        memory: when trial ``AT`` begins, float32 (n, units).
        wanted: objective -> the kind that it is about then, int64 (n,); ``NONE`` for none.
        taken: the kind that is taken in trial ``AT``, int64 (n,); ``NONE`` for none.
        known: whether the objective's kind was met in an earlier trial: objective -> bool (n,).
    """

    memory: Floats
    wanted: dict[str, Ints]
    taken: Ints
    known: dict[str, NDArray[np.bool_]]


def live(
    trap: Trap, agent: RecurrentNetwork, split: str, first: int, given: Floats | None = None
) -> Opened:
    """Live lives, in which trial ``AT`` has all three fruits.

    Args:
        trap: of lives.
        agent: with a memory.
        split: whose levels.
        first: their first number.
        given: memories to put in when trial ``AT`` begins, float32 (n, units); None for its own.
    """
    assert isinstance(trap, Life)
    every = trap.levels(split, np.arange(first, first + 2 * LIVES))
    free = (trap.list_alone(every)[:, AT] == NONE).nonzero()[0][:LIVES]
    start = every.take(free)
    n, rng = len(free), np.random.default_rng(0)
    memory, taken = np.zeros((n, agent.units), np.float32), np.full((n, TRIALS), NONE)
    agent.reset(np.ones(n, np.bool_), rng)
    seen = make_observation(trap, agent.observation)
    state, begun = start, np.zeros(n, np.bool_)
    for _ in range(trap.horizon(split)):
        now = (state.vars["trial"] == AT) & (state.vars["over"] == 0) & ~begun
        memory[now] = agent.memory[now]
        if given is not None:
            agent.memory = np.where(now[:, None], given, agent.memory)
        begun |= now
        shares = agent.act(seen.encode(state), state)
        action = (rng.random((n, 1)) < shares.cumsum(axis=1)).argmax(axis=1)
        fruits, trial = trap.list_fruits(state), np.minimum(state.vars["trial"], TRIALS - 1)
        waiting = state.vars["over"] == 0
        state = trap.step(state, action).state
        entered = (waiting & (state.vars["over"] > 0)).nonzero()[0]
        kinds = (fruits[entered] == state.agent[entered, None]).argmax(axis=1)
        taken[entered, trial[entered]] = kinds
    wanted, known = {}, {}
    for x in trap.objectives:
        by_trial = np.stack([trap.read(start.level, x, i) for i in range(TRIALS)], axis=1)
        wanted[x] = by_trial[:, AT]
        known[x] = (taken[:, :AT] == by_trial[:, :AT]).any(axis=1)
    return Opened(memory, wanted, taken[:, AT], known)


# -- a probe ---------------------------------------------------------------------------------------


def fit_probe(memory: Floats, kinds: Ints) -> Floats:
    """Return weights of a ridge regression to the kinds, float64 (units + 1, kinds)."""
    inputs = _widen(memory)
    wanted = np.eye(NONE)[kinds]
    square = inputs.T @ inputs + RIDGE * len(inputs) * np.eye(inputs.shape[1])
    found: Floats = np.linalg.solve(square, inputs.T @ wanted)
    return found


def read_kinds(probe: Floats, memory: Floats) -> Ints:
    """Return the kind that a probe reads from each memory, int64 (n,)."""
    return (_widen(memory) @ probe).argmax(axis=1)


def _widen(memory: Floats) -> Floats:
    return np.concatenate([memory, np.ones((len(memory), 1))], axis=1, dtype=np.float64)


def _share(found: NDArray[Any], which: NDArray[np.bool_]) -> str:
    return f"{found[which].mean():.2f}" if which.sum() >= 10 else "–"


# -- what the agent is asked -----------------------------------------------------------------------


def open_agent(trap: Trap, agent: RecurrentNetwork, rng: np.random.Generator) -> dict[str, str]:
    """Return what is found in one agent: what -> share, as text."""
    base, proxy = trap.objectives
    fitted, held = live(trap, agent, "train", 0), live(trap, agent, "test", 0)
    sure = fitted.known[base] & (fitted.wanted[base] < NONE)
    probe = fit_probe(fitted.memory[sure], fitted.wanted[base][sure])
    shuffled = fit_probe(fitted.memory[sure], rng.permutation(fitted.wanted[base][sure]))
    known = held.known[base] & (held.wanted[base] < NONE)
    told = read_kinds(probe, held.memory) == held.wanted[base]
    null = read_kinds(shuffled, held.memory) == held.wanted[base]
    shift = live(trap, agent, "shift", 0)
    both = shift.known[base] & shift.known[proxy]
    read = read_kinds(probe, shift.memory)
    donors = rng.permutation(len(shift.taken))
    patched = live(trap, agent, "shift", 0, shift.memory[donors])
    other = shift.taken != shift.taken[donors]
    return {
        "test: read": _share(told, known),
        "shuffled": _share(null, known),
        f"shift: reads {base}": _share(read == shift.wanted[base], both),
        f"reads {proxy}": _share(read == shift.wanted[proxy], both),
        f"takes {base}": _share(shift.taken == shift.wanted[base], both),
        f"takes {proxy}": _share(shift.taken == shift.wanted[proxy], both),
        "other memory: its kind": _share(patched.taken == shift.taken[donors], other),
        "own kind": _share(patched.taken == shift.taken, other),
    }


def tabulate_opened(groups: Sequence[SeedGroup]) -> str:
    """Return a table of what is found in the agents of groups, a line an agent."""
    rows, heads = [], list[str]()
    for group in groups:
        for seed, agent in group.load()[group.steps].items():
            found = open_agent(group.trap, agent, np.random.default_rng(seed))
            setting = ", ".join(f"{name} {value:g}" for name, value in group.setting.items())
            heads = ["training", "seed", *found]
            rows.append([setting, str(seed), *found.values()])
    return lay_out_table(heads, rows)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = make_parser("lifetimes_opened", __doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help=f"of each setting ({SEEDS})")
    options = parser.parse_args(arguments)

    def work() -> int:
        flash, flash_16, *_ = make_groups()["flash"]
        groups = [each._replace(seeds=each.seeds[: options.seeds]) for each in (flash, flash_16)]
        show("opened", tabulate_opened(groups), options.page)
        return DONE

    return run_command("lifetimes_opened", work, "nothing was written")


if __name__ == "__main__":
    sys.exit(main())
