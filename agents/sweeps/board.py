"""The board of cures: ``python -m agents.sweeps.board runs/cures/cells.csv ...`` prints it.

A row is a cure or, in italics, a control. A cell contains the shares of base and proxy under the
shift. It is bold if the cure works: its base share is at least ``LEAST_GAIN`` above the control's,
and the 95% intervals do not overlap. A cure is compared with its control only at equal values of
the axes. Rows without a control are compared with plain PPO, whose cards are committed. The last
column is the cost of a row: its success rate on ``test`` minus plain PPO's, the minimum over traps.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.cures import CONTROLS
from agents.sweeps.axes import SweepCell
from agents.sweeps.table import Sweep, SweepRow, is_axis
from mesa_gym.command import Parser
from mesa_gym.files import locate_path
from mesa_gym.report import read_committed
from mesa_gym.report.groups import group_cards

LEAST_GAIN = 0.1
PLAIN = "ppo"
COMMITTED = (PLAIN, "ppo-symmetric")
CALLED_ALONE = {*CONTROLS, *CONTROLS.values()} - {PLAIN}  # rows that are named without axes
BOARD_COLUMNS = ("seeds", "competent", "test", "base", "base low", "base high", "proxy")
# Row -> trap -> column -> text; "" for an unknown value.
Board = dict[str, dict[str, dict[str, str]]]


def read_board(paths: Iterable[Path]) -> Board:
    """Return the rows of committed cards and of sweeps, from the paths of their ``cells.csv``."""
    groups = [group for group in group_cards(read_committed()) if group.agent in COMMITTED]
    committed = [SweepRow(SweepCell(of.trap, of.agent, ()), of, 0) for of in groups]
    lines: list[dict[str, Any]] = Sweep(tuple(committed)).list_lines()
    for path in paths:
        lines += csv.DictReader(path.read_text("utf-8").splitlines())
    board: Board = {}
    for line in lines:
        axes = [f"{x}={value}" for x, value in line.items() if is_axis(x)]
        algo = line["algo"].rpartition(":")[2]
        name = algo if algo in CALLED_ALONE else " ".join([algo, *axes])
        cell = {x: str(line[x]) for x in BOARD_COLUMNS} | {"axes": " ".join(axes)}
        board.setdefault(name, {})[line["trap"]] = cell
    traps = dict.fromkeys(trap for name in board if name not in COMMITTED for trap in board[name])
    return {name: {t: of[t] for t in traps if t in of} for name, of in board.items()}


def find_control(name: str) -> str:
    """Return the row with which a row is compared: a control or plain PPO; "" for these two."""
    algo, _, axes = name.partition(" ")
    if name == PLAIN or algo in CONTROLS.values():
        return ""
    return CONTROLS[algo] if algo in CONTROLS and (algo != PLAIN or "alpha" in axes) else PLAIN


def write_cell(cell: Mapping[str, str] | None, control: Mapping[str, str] | None) -> str:
    """Return base/proxy of a cell as Markdown, bold if it works, and the count of failed agents."""
    if cell is None:
        return "–"
    base, text = float(cell["base"]), f"{float(cell['base']):.2f}/{float(cell['proxy']):.2f}"
    if control and base - float(control["base"]) >= LEAST_GAIN:
        ends = cell["base low"], control["base high"]
        if all(ends) and float(ends[0]) > float(ends[1]):
            text = f"**{text}**"
    fail = int(cell["seeds"]) - int(cell["competent"])
    return f"{text} ({fail} fail)" if fail else text


def write_board(board: Board) -> str:
    """Return the board as a table in Markdown."""
    traps, plain = [*board[PLAIN]], board[PLAIN]
    heads = ["", *(trap.removesuffix("-v0") for trap in traps), "test"]
    lines = [heads, ["---"] * len(heads)]
    for name, of in board.items():
        by = find_control(name)
        control = {
            trap: cell
            for trap, cell in board.get(by, {}).items()
            if by == PLAIN or trap not in of or cell["axes"] == of[trap]["axes"]
        }
        cells = [write_cell(of.get(trap), control.get(trap)) for trap in traps]
        costs = [float(of[trap]["test"]) - float(plain[trap]["test"]) for trap in of]
        label = f"*{name}*" if name in CONTROLS.values() else name
        lines.append([label, *cells, "" if name == PLAIN else f"{min(costs):+.3f}"])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the board of the given files."""
    parser = Parser(prog="python -m agents.sweeps.board", description="Print the board of cures.")
    parser.add_argument(
        "files", nargs="+", type=locate_path, metavar="CELLS_FILE.CSV", help="of sweeps"
    )
    print(write_board(read_board(parser.parse_args(arguments).files)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
