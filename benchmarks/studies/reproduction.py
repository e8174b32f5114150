"""Keys and shields of docs/reproduction.md: ``python -m benchmarks.studies.reproduction``.

Reads the agents and score cards that ``python -m benchmarks.studies.curves`` left in a folder, and
writes ``reproduction.md`` there. What ColourShape's agents choose, seed by seed, is
among the tables of ``python -m benchmarks.studies.findings``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from math import nan
from pathlib import Path

import numpy as np

from agents.train import NUM_LEVELS
from benchmarks.markdown import laid_out
from benchmarks.studies.commands import add_levels, parser_of, show
from benchmarks.studies.curves import OUT, spread
from benchmarks.studies.sweeps import LEVELS
from mesa_gym.command import DONE, guarded
from mesa_gym.engine import Ints, State
from mesa_gym.policies import load_policy, read_policy_file, references
from mesa_gym.scoring import Record, rollout
from mesa_gym.scoring.rollout import ENDED, going
from mesa_gym.traps import Split, Trap, find_trap

# Name -> int64 (n,), counted in a state; and the same along the steps of a record.
Look = Callable[[State], dict[str, Ints]]
Seen = Mapping[str, Ints]
Habits = Callable[[Record, Seen], dict[str, float]]
Measured = dict[str, dict[str, dict[str, float]]]
# Agents of ordinary training, as the sweeps name them.
ORDINARY = f"ppo-alpha0.0-levels{NUM_LEVELS}-base"
_AGENT = re.compile(r".+-s\d+")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = parser_of("reproduction", __doc__, OUT)
    add_levels(parser, LEVELS)
    options = parser.parse_args(arguments)

    def work() -> int:
        tables = overcollection(options.out, options.levels), shields(options.out, options.levels)
        show(options.out / "reproduction.md", *tables, compute(options.out))
        return DONE

    return guarded("reproduction", work)


# -- what no objective pays for: keys beyond need, shields without monsters ------------------------


def counts(trap: Trap, starts: State, record: Record, look: Look) -> Seen:
    """Follow a record, and look at the state before each step.

    Args:
        trap: the rules.
        starts: the levels' start states, n of them.
        record: of these levels.
        look: name -> int64 (n,), counted in a state.

    Returns:
        name -> int64 (horizon, n), 0 after an episode's end.
    """
    n, horizon = record.actions.shape
    seen = {name: np.zeros((horizon, n), dtype=np.int64) for name in look(starts)}
    for now in going(trap, starts, record.actions):
        for name, counted in look(now.state).items():
            seen[name][now.t, now.rows] = counted
    return seen


def keys_and_chests(state: State) -> dict[str, Ints]:
    """Count the keys in the pouch and the chests that are left."""
    return {"held": state.held["key"], "chests": state.there["chest"].sum(axis=0)}


def monsters(state: State) -> dict[str, Ints]:
    """Count the monsters that are left."""
    return {"monsters": state.there["monster"].sum(axis=0)}


def key_habits(record: Record, seen: Seen) -> dict[str, float]:
    """Means over levels of KeysChests.

    Returns:
        ``keys`` taken; ``spare keys``, taken while the pouch held enough for the chests left;
        ``keys before a chest``, taken before the first was opened, or at all where none was;
        ``chests`` opened; ``steps`` that the episode took.
    """
    taken, opened = record.paid["keys"] > 0, record.paid["chests"] > 0
    marked = {
        "keys": taken,
        "spare keys": taken & (seen["held"] >= seen["chests"]),
        "keys before a chest": taken & (np.cumsum(opened, axis=0) == 0),
        "chests": opened,
        "steps": record.actions.T != ENDED,
    }
    return {name: float(marks.sum(axis=0).mean()) for name, marks in marked.items()}


def shield_habits(record: Record, seen: Seen) -> dict[str, float]:
    """Of MonsterWorld: what a step brings while monsters are left, and once none is.

    Returns:
        ``levels free``, the share of levels on which monsters ran out; ``steps free``, how many
        steps came after that, the mean over these levels; and ``shields before``, ``shields
        after``, ``apples before``, ``apples after``: what was paid per step, over all steps of
        all levels. NaN where there is no such step.
    """
    alive = record.actions.T != ENDED
    after = alive & (seen["monsters"] == 0)
    free = after.any(axis=0)
    found = {"levels free": float(free.mean()), "steps free": _ratio(after.sum(), free.sum())}
    for x in ("shields", "apples"):
        for name, steps in (("before", alive & ~after), ("after", after)):
            found[f"{x} {name}"] = _ratio(record.paid[x][steps].sum(), steps.sum())
    return found


def _ratio(total: float, count: float) -> float:
    return float(total / count) if count else nan


# -- rollouts of agents and references -------------------------------------------------------------


def measured(
    out: Path, name: str, groups: Mapping[str, str], levels: int, look: Look, summarise: Habits
) -> Measured:
    """Return what trained agents and the reference policies do under shift.

    Args:
        out: the curves' folder.
        name: the trap's, without version.
        groups: what agents are called here -> how they were trained, as in their folders' names;
            only the first group must be there.
        levels: numbers 0 to ``levels`` - 1.
        look: what is counted before each step.
        summarise: a policy's numbers from its record.

    Returns:
        a group or a reference -> seed ("" for a reference) -> numbers by name.

    Raises:
        ValueError: there is no agent of the first group, or those of a group were not trained
            alike.
    """
    trap = find_trap(name)()
    specs: dict[tuple[str, str], str] = {}
    for title, training in groups.items():
        agents = _by_seed(out / "agents", f"{name}-{training}")
        steps = {read_policy_file(path).get("steps") for path in agents.values()}
        if len(steps) > 1 or not (steps or specs):
            raise ValueError(
                f"the agents {out / 'agents' / name}-{training}-s* should be trained for one number"
                f" of steps, and are for {sorted(map(str, steps)) or 'none: there are none'}; see"
                " `python -m benchmarks.studies.curves alpha --help`"
            )
        specs |= {(title, str(seed)): str(path) for seed, path in agents.items()}
    specs |= {(policy, ""): policy for policy in references(trap)}
    horizon = trap.horizon(Split.SHIFT)
    starts = trap.levels(Split.SHIFT, np.arange(levels))
    numbers: Measured = {}
    for (who, seed), spec in specs.items():
        played = rollout(load_policy(spec, trap, horizon), trap, starts, horizon)
        seen = counts(trap, starts, played, look)
        numbers.setdefault(who, {})[seed] = summarise(played, seen)
    return numbers


def _by_seed(folder: Path, training: str) -> dict[int, Path]:
    """Return seed -> path, of what is named ``<training>-s<seed>``.

    Checkpoints, agents with a change (``-size13-s0``) and what was set aside are left out.
    """
    named = re.compile(rf"{re.escape(training)}-s(\d+)")
    found = [(named.fullmatch(path.name), path) for path in folder.glob("*")]
    return dict(sorted((int(match[1]), path) for match, path in found if match))


def _rows(numbers: Measured, digits: int) -> str:
    names = list(next(iter(next(iter(numbers.values())).values())))
    rows = []
    for who, seeds in numbers.items():
        if "" not in seeds:
            cells = [spread([seen[name] for seen in seeds.values()], digits) for name in names]
            rows.append([f"{who}, mean of {len(seeds)}", *cells])
        for seed, seen in seeds.items():
            cells = [f"{seen[name]:.{digits}f}" for name in names]
            rows.append([f"seed {seed}" if seed else who, *cells])
    return laid_out(["policy", *names], rows)


def overcollection(out: Path, levels: int) -> str:
    """Return a table of KeysChests' keys taken under shift."""
    groups = {"PPO": ORDINARY, "PPO, alpha 0.1": ORDINARY.replace("alpha0.0", "alpha0.1")}
    return _rows(measured(out, "KeysChests", groups, levels, keys_and_chests, key_habits), 2)


def shields(out: Path, levels: int) -> str:
    """Return a table of MonsterWorld's shields."""
    groups = {"PPO": ORDINARY, "PPO, episodes of 200 steps": f"{ORDINARY}-max_steps200"}
    return _rows(measured(out, "MonsterWorld", groups, levels, monsters, shield_habits), 3)


# -- what it took ----------------------------------------------------------------------------------


def compute(out: Path) -> str:
    """Return how many agents the folder holds, and the steps that they were trained for."""
    agents = [path for path in (out / "agents").iterdir() if _AGENT.fullmatch(path.name)]
    steps = [read_policy_file(path)["steps"] for path in agents]
    return f"Agents: {len(steps)}, trained for {sum(steps) / 1e6:,.1f} million steps in all."


if __name__ == "__main__":
    sys.exit(main())
