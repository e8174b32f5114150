"""Train and score agents for several values of a setting.

To use: ``mesa-gym sweep ColourShape --vary alpha=0,.01 --out DIR``.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from agents.algorithms import find_algorithm
from agents.jobs.engines import JobLimits, load_engine
from agents.jobs.runner import tell_kept
from agents.sweeps.axes import OF_RUN, read_axes
from agents.sweeps.plot import PICTURE_MARK, plot_sweep, save_picture
from agents.sweeps.table import CELL_LEVELS, CELLS_FILE, Sweep, sweep
from agents.train import read_count, read_seeds
from mesa_gym.command import DONE, Parser, run_command
from mesa_gym.errors import require_imports
from mesa_gym.files import locate_path, require_ours, write_text
from mesa_gym.report.figure import load_figure
from mesa_gym.report.intervals import load_special
from mesa_gym.report.templating import environment, load_jinja

PICTURE = "sweep.svg"
PAGE = "index.html"
PAGE_MARK = b'<meta name="generator" content="mesa_gym sweep">'
SWEEP_EXAMPLES = """examples:
  mesa-gym sweep ColourShape --vary alpha=0,.01,.1 num_levels=300,30000 --seeds 0-4 --out runs/a
  mesa-gym sweep CheeseDish RedBlueDoors --algo ppo cures.py:penalty --seeds 0-4 --out runs/cures

An axis is a keyword of the trap, a setting of the algorithm, or steps, alpha, reward, num_levels.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add = parser.add_argument
    add("traps", nargs="+", metavar="TRAP", help="such as ColourShape")
    add("--vary", nargs="+", default=[], metavar="AXIS=VALUES", help="such as alpha=0,.01,.1")
    add("--algo", nargs="+", default=["ppo"], help="or FILE.py:function of your own (ppo)")
    add("--seeds", type=read_seeds, default=range(5), metavar="FIRST-LAST", help="(0-4)")
    add(
        "--levels",
        type=read_count,
        default=CELL_LEVELS,
        help=f"of each split, for the cards ({CELL_LEVELS})",
    )
    add("--workers", type=read_count, help="jobs done at a time (as many as there are cores)")
    add("--on", metavar="ENGINE", help="dask://HOST:PORT or slurm (this machine)")
    add("--minutes", type=read_count, help="that a job of Slurm may take (240)")
    add("--memory", type=read_count, metavar="GB", help="that a job of Slurm may take (4)")
    add("--out", type=locate_path, required=True, help="the results' folder")


def write_results(table: Sweep, out: Path, command: str) -> list[Path]:
    """Write the picture and the page of a sweep, and return their paths."""
    picture = out / PICTURE
    if drawn := bool(table.axes) and all(row.group.choice for row in table.rows):
        save_picture(plot_sweep(table), picture)
    heads, rows = table.list_texts()
    traps = dict.fromkeys(row.cell.trap.removesuffix("-v0") for row in table.rows)
    at = [f"at {name} {value}" for name, value in table.fixed.items()]
    title = ", ".join([", ".join(traps) + f" by {', '.join(table.axes) or 'seed'}", *at])
    template = environment(Path(__file__).parent).get_template("page.html.jinja")
    meanings = {axis: OF_RUN[axis] for axis in (*table.axes, *table.fixed) if axis in OF_RUN}
    page = template.render(
        title=title, picture=PICTURE if drawn else "", heads=heads, rows=rows, command=command,
        meanings=meanings, notes=table.notes,
    )  # fmt: skip
    write_text(out / PAGE, page)
    return [out / CELLS_FILE, *([picture] if drawn else []), out / PAGE]


def run(options: argparse.Namespace) -> int:
    """Train and score agents, and write the results."""
    axes, requested = read_axes(options.vary), (options.minutes, options.memory)
    limits = None
    if any(requested):
        limits = JobLimits(*(x or y for x, y in zip(requested, JobLimits(), strict=True)))
    engine = partial(load_engine, options.on)
    algorithms = [find_algorithm(algo).find_function for algo in options.algo]
    require_imports(load_jinja, load_figure, load_special, engine, *algorithms)
    require_ours(options.out, {PICTURE: PICTURE_MARK.encode(), PAGE: PAGE_MARK})
    table = sweep(
        options.traps, axes, options.seeds, options.out, options.algo, options.levels,
        options.workers, options.on, limits,
    )  # fmt: skip
    print(table)
    print(f"wrote {', '.join(map(str, write_results(table, options.out, options.command)))}")
    return DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``mesa-gym sweep``: return 0 done, 1 failed, 2 bad usage, 130 interrupted."""
    parser = Parser(
        prog="mesa-gym sweep",
        description=(__doc__ or "").partition("\n")[0],
        epilog=SWEEP_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    words = sys.argv[1:] if arguments is None else [*arguments]
    options = parser.parse_args(words)
    options.command = shlex.join(["mesa-gym", "sweep", *words])
    return run_command("mesa-gym sweep", lambda: run(options), tell_kept(options.out))


if __name__ == "__main__":
    sys.exit(main())
