"""Pursuit: does an agent still reach its target if the level changes half way to it?

::

    python -m docs.studies.pursuit ColourShape --policy runs/mine

prints how often your agents, and a sweeper without a goal, reach each object after each change. It
takes policies as ``mesa-gym score`` does, and averages the seeds of an agent.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from docs.studies.pursuit.interventions import CHANGES
from docs.studies.pursuit.measuring import Pursuit, find_obstacle, measure_pursuit
from mesa_gym.cli import ALGO, POLICIES
from mesa_gym.cli.agent_arguments import name_policies, read_agents
from mesa_gym.cli.trap_arguments import add_trap_argument, read_traps
from mesa_gym.command import DONE, Parser, run_command
from mesa_gym.policies import as_policy
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.scoring.evidence import SWEEPER
from mesa_gym.terminal import format_table
from mesa_gym.traps import Split

LEVELS = 250
SHARES = ("reached", "other", "legal", "blind", "open_loop")
LEGEND = (
    "Reached within 2 T + 4 steps after a change half way, T the shortest new path. Other:\n"
    "another target first. Legal moves at random, actions as often as the agent's (blind) and\n"
    "the rest of the old plan (open loop) begin where the agent is at the change. Gap: natural\n"
    "minus walled, in parentheses its standard error over levels. Fewer than 20 levels give no\n"
    "row. A sweeper has no goal: compare each share with its share."
)


def tabulate(results: Mapping[str, Mapping[str, Pursuit]]) -> Iterator[list[str]]:
    """Yield a row for each agent, object and change.

    Args:
        results: name of a policy -> objective -> its pursuit; the seeds of an agent are averaged.
    """
    agents: dict[str, list[Mapping[str, Pursuit]]] = {}
    for name, by_objective in results.items():
        agents.setdefault(agent_and_seed(name)[0], []).append(by_objective)
    for agent, seeds in agents.items():
        for objective in seeds[0]:
            of_seeds = [seed[objective] for seed in seeds]
            for change in (*CHANGES, "natural"):
                outcomes = [y for x in of_seeds if (y := getattr(x, change))]
                if not outcomes:
                    continue
                levels = (sum(y.counted for y in outcomes), sum(y.possible for y in outcomes))
                shares = [f"{np.mean([getattr(y, x) for y in outcomes]):.2f}" for x in SHARES]
                gap = write_gap(of_seeds) if change == "walled" else ""
                row = [agent, str(len(outcomes)), objective, change, "{} of {}".format(*levels)]
                yield [*row, *shares, gap]


def write_gap(seeds: Sequence[Pursuit]) -> str:
    """Return the mean gap of the seeds that have one, and its standard error over levels."""
    gaps = [(x.gap, x.gap_error**2) for x in seeds if x.natural]
    if not gaps:
        return ""
    gap, variance = np.mean(gaps, axis=0)
    return f"{gap:+.2f} ({(variance / len(gaps)) ** 0.5:.2f})"


def run(options: argparse.Namespace) -> int:
    """Print a table for each trap."""
    traps = read_traps(options)
    if not traps:
        raise ValueError("on which trap? Name it first, such as ColourShape")
    if obstacles := [f"{trap.name()}: {why}" for trap in traps if (why := find_obstacle(trap))]:
        raise ValueError(f"pursuit is not defined on {'; '.join(obstacles)}; leave it out")
    named = name_policies(read_agents(options.policy), [trap.name() for trap in traps])
    heads = ["agent", "seeds", "object", "change", "levels", *SHARES[:-1], "open loop", "gap"]
    for trap in traps:
        horizon = trap.horizon(Split.SHIFT)
        policies = {
            name: as_policy(of[trap.name()], trap, horizon, algo=options.algo)
            for name, of in named.items()
            if trap.name() in of
        }
        policies[SWEEPER] = as_policy(SWEEPER, trap, horizon)
        results = measure_pursuit(policies, trap, options.levels, options.salt)
        print(f"{trap.name()}\n\n{format_table(heads, [*tabulate(results)])}\n")
    print(LEGEND)
    return DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study on agents: return 0 done, 2 bad usage, 130 interrupted."""
    parser = Parser(prog="python -m docs.studies.pursuit")
    add_trap_argument(parser, multiple_traps=True)
    add = parser.add_argument
    add("--policy", nargs="+", required=True, metavar="P", help=POLICIES)
    add("--algo", help=ALGO)
    add("--levels", type=int, default=LEVELS, help="shift levels (default: %(default)s)")
    add("--salt", default="", help="secret word that changes all levels")
    options = parser.parse_args(sys.argv[1:] if arguments is None else [*arguments])
    return run_command(parser.prog, lambda: run(options))


if __name__ == "__main__":
    sys.exit(main())
