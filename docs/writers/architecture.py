"""Draw the rooms into docs/images/architecture.svg.

``tests/test_imports.py`` defines the order; rooms import only from rooms below them.
"""

from __future__ import annotations

import ast
from html import escape
from pathlib import Path

DOCS = Path(__file__).parents[1]
IMPORTS = DOCS.parent / "tests" / "test_imports.py"
PICTURE = DOCS / "images" / "architecture.svg"
WIDTH, ROW, BOX, LETTER = 760, 34, 24, 7.2
COLOURS = {"mesa_gym": "#dbe9f6", "agents": "#fde6cf", "benchmarks": "#e6e6e6"}
BELOW = "errors, files, links, terminal: small helpers"


def read_order() -> list[list[str]]:
    """Return the rows of rooms, the lowest first; the small helpers are one room at the bottom."""
    statements = ast.parse(IMPORTS.read_text(encoding="utf-8")).body
    (order,) = (
        node.value
        for node in statements
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "ORDER"
    )
    rows = [sorted(row) for row in ast.literal_eval(order)]
    engine = next(at for at, row in enumerate(rows) if "mesa_gym.engine" in row)
    rooms = [row for row in rows[engine:] if not row[0].endswith("__main__")]
    return [[BELOW], *rooms]


def draw_box(name: str, x: float, y: float, width: float) -> str:
    """Return the SVG of a room."""
    room = name.partition(".")[0]
    label = escape(name.removeprefix("mesa_gym."))
    fill = COLOURS.get(room, COLOURS["mesa_gym"])
    return (
        f'<rect x="{x:.0f}" y="{y}" width="{width:.0f}" height="{BOX}" rx="4" fill="{fill}"'
        f' stroke="#56606a"/><text x="{x + width / 2:.0f}" y="{y + 16}">{label}</text>'
    )


def draw_house() -> str:
    """Return the SVG."""
    rows, parts = read_order(), []
    for at, row in enumerate(reversed(rows)):
        widths = [len(name.removeprefix("mesa_gym.")) * LETTER + 24 for name in row]
        x = (WIDTH - sum(widths) - 12 * (len(row) - 1)) / 2
        for name, width in zip(row, widths, strict=True):
            parts.append(draw_box(name, x, 8 + at * ROW, width))
            x += width + 12
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {len(rows) * ROW + 8}"'
    style = ' font-family="sans-serif" font-size="12" text-anchor="middle">'
    return "\n".join([head + style, *parts, "</svg>"]) + "\n"


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(draw_house(), encoding="utf-8")
