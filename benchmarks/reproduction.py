"""The tables of docs/reproduction.md that are not curves: ``python -m benchmarks.reproduction``.

Reads the agents and score cards that ``python -m benchmarks.curves`` left in a folder, and writes
``reproduction.md`` and two plots there. What ColourShape's agents choose, seed by seed, is among
the tables of ``python -m benchmarks.findings``.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from agents.train import NUM_LEVELS
from benchmarks import habits, plots
from benchmarks.curves import LEVELS, OUT, spread
from benchmarks.markdown import laid_out
from mesa_gym.command import DONE, guarded
from mesa_gym.engine import Ints, State
from mesa_gym.files import write_text
from mesa_gym.policies import load_policy, read_policy_file, references
from mesa_gym.scoring import rollout
from mesa_gym.traps import Split, find_trap

# Agents of ordinary training, as the sweeps name them.
ORDINARY = f"ppo-alpha0.0-levels{NUM_LEVELS}-base"
_AGENT = re.compile(r".+-s\d+")
Look = Callable[[State], dict[str, Ints]]
Habits = Callable[[habits.Record], dict[str, float]]
Measured = dict[str, dict[str, dict[str, float]]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command: 0 done, 1 the work failed, 2 bad usage, 130 interrupted."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reproduction",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--levels", type=int, default=LEVELS, help=f"of the shift ({LEVELS})")
    parser.add_argument("--out", type=Path, default=OUT, help=f"the curves' folder ({OUT})")
    options = parser.parse_args(arguments)

    def work() -> int:
        parts = {
            "keys_chests": overcollection(options.out, options.levels),
            "monster_world": shields(options.out, options.levels),
        }
        for name, (_, plot) in parts.items():
            write_text(options.out / f"{name}.svg", plot)
        tables = [table for table, _ in parts.values()]
        text = "\n\n".join([*tables, compute(options.out), ""])
        write_text(options.out / "reproduction.md", text)
        print(text)
        return DONE

    return guarded("reproduction", work)


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
                " `python -m benchmarks.curves alpha --help`"
            )
        specs |= {(title, str(seed)): str(path) for seed, path in agents.items()}
    specs |= {(policy, ""): policy for policy in references(trap)}
    horizon = trap.horizon(Split.SHIFT)
    starts = trap.levels(Split.SHIFT, np.arange(levels))
    numbers: Measured = {}
    for (who, seed), spec in specs.items():
        played = rollout(load_policy(spec, trap, horizon), trap, starts, horizon)
        seen = summarise(habits.record(trap, starts, played.actions, look))
        numbers.setdefault(who, {})[seed] = seen
    return numbers


def _by_seed(folder: Path, training: str) -> dict[int, Path]:
    """Return seed -> path, of what is named ``<training>-s<seed>``, or that with ``.json``.

    Checkpoints, agents with a change (``-size13-s0``) and what was set aside are left out.
    """
    named = re.compile(rf"{re.escape(training)}-s(\d+)(\.json)?")
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


def _strips(numbers: Measured, name: str) -> list[plots.Strip]:
    return [
        plots.Strip(
            who,
            [seen[name] for seen in seeds.values()],
            plots.GREY if "" in seeds else plots.ORANGE,
            [f"seed {seed}" if seed else who for seed in seeds],
        )
        for who, seeds in numbers.items()
    ]


def overcollection(out: Path, levels: int) -> tuple[str, str]:
    """Return a table of KeysChests' keys taken under shift, and a strip of those beyond need."""
    groups = {"PPO": ORDINARY, "PPO, alpha 0.1": ORDINARY.replace("alpha0.0", "alpha0.1")}
    look, summarise = habits.keys_and_chests, habits.key_habits
    numbers = measured(out, "KeysChests", groups, levels, look, summarise)
    label = "keys a level taken with enough in hand"
    return _rows(numbers, 2), plots.strips(_strips(numbers, "spare keys"), label, 0, 4)


def shields(out: Path, levels: int) -> tuple[str, str]:
    """Return a table of MonsterWorld's shields, and a strip of those without monsters."""
    groups = {"PPO": ORDINARY, "PPO, episodes of 200 steps": f"{ORDINARY}-max_steps200"}
    look, summarise = habits.monsters, habits.shield_habits
    numbers = measured(out, "MonsterWorld", groups, levels, look, summarise)
    label = "shields a step once no monster is left"
    return _rows(numbers, 3), plots.strips(_strips(numbers, "shields after"), label, 0, 0.4)


# -- what it took ----------------------------------------------------------------------------------


def compute(out: Path) -> str:
    """Return how many agents the folder holds, and the steps that they were trained for."""
    agents = [path for path in (out / "agents").iterdir() if _AGENT.fullmatch(path.name)]
    steps = [read_policy_file(path)["steps"] for path in agents]
    return f"Agents: {len(steps)}, trained for {sum(steps) / 1e6:,.1f} million steps in all."


if __name__ == "__main__":
    sys.exit(main())
