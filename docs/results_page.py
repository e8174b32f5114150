"""Put the committed results into README and pages of docs: ``python -m docs.results_page``.

Each table or sentence stands between two marks; the text around them is for people to write. The
<<<<<<< HEAD
leaderboard is in README.md and docs/leaderboard.md, words and wants are in docs/claims.md. The
picture is docs/images/leaderboard.svg.
=======
leaderboard is in README.md and docs/leaderboard.md, its pictures in docs/images.
>>>>>>> 9a604368 (report: the board counts cells, in three blocks)
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from benchmarks.markdown import lay_out_table
from docs.board_picture import NARROW, WIDE, draw_board
from docs.studies.page_tables import show
from docs.trap_table import LEARNER
from mesa_gym.links import find_file
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import Leaderboard, group_cards, join_committed, read_committed
from mesa_gym.report.cells import KINDS, Cell, strip_version
from mesa_gym.report.committed import TRICKS
from mesa_gym.report.tables import HEADS as TABLE_HEADS
from mesa_gym.report.tables import tabulate_groups
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.evidence import NO_CHOICE
from mesa_gym.scoring.statements import RULES
from mesa_gym.traps import find_trap

HERE = Path(__file__).parent
README, BOARD = HERE.parent / "README.md", HERE / "leaderboard.md"
<<<<<<< HEAD
CLAIMS = HERE / "claims.md"
PICTURE = HERE / "images" / "leaderboard.svg"
=======
SCORING = HERE / "scoring.md"
PICTURES = {
    HERE / "images" / "leaderboard.svg": WIDE,
    HERE / "images" / "leaderboard_narrow.svg": NARROW,
}
>>>>>>> 9a604368 (report: the board counts cells, in three blocks)
BY = "by python -m docs.results_page"  # after the name of a part, in its mark
WANTED = ("CheeseDish", "RedBlueDoors", "ColourShape", "ChuteOrFire", "Attributes")
LEFT_OUT = ("agent", "seeds", "able", NO_CHOICE)  # of the table of plain training


def write_board(board: Leaderboard) -> str:
    """Return the counts as a table in Markdown."""
    heads, rows = board.tabulate()
    told = [[f"*{row[0].strip('- ')}*", *row[1:]] if not row[-1] else row for row in rows]
    return lay_out_table(heads, told)


def write_statements() -> str:
    """Return what may be said of cards, and when, as a table in Markdown."""
    rows = [[rule.say, rule.when, rule.beside] for rule in RULES.values()]
    return lay_out_table(["you may say", "if", "and beside it"], rows)


def tabulate_learner(cards: Sequence[ScoreCard]) -> str:
    """Return a table in Markdown: the choices of plain training on each trap, beside nulls."""
    groups = group_cards([c for c in cards if agent_and_seed(c.policy)[0] == LEARNER])
    at = [TABLE_HEADS.index(head) for head in TABLE_HEADS if head not in LEFT_OUT]
    rows = []
    for cells in tabulate_groups(groups):
        name = strip_version(cells[0])
        rules = find_file(find_trap(name).__module__)
        rows.append([f"[{name}](../{rules})", *(cells[i] for i in at[1:])])
    return lay_out_table([TABLE_HEADS[i] for i in at], rows)


<<<<<<< HEAD
def tabulate_words(board: Leaderboard) -> str:
    """Return a table in Markdown: which agents get the words of plain training, and where not."""
    rows = [row for row in board.rows if row.block == AGENTS]
    (plain,) = (row for row in rows if row.agent == LEARNER)
    lines = []
    for row in rows:
        pairs = zip(row.cells, plain.cells, strict=True)
        apart = [one for one, other in pairs if format_word(one) != format_word(other)]
        named = [f"{strip_version(each.trap)} {format_word(each)}" for each in apart]
        same = f"{len(row.cells) - len(apart)} of {len(row.cells)}"
        lines.append([row.agent, format_mean(row.counts["base"]), same, ", ".join(named) or "none"])
    return lay_out_table(["agent", "base", "PPO's word", "apart from"], lines)


def tabulate_wants(cards: Sequence[ScoreCard]) -> str:
    """Return a table in Markdown: the wants of plain training and of a sweeper on five traps."""
    rows = []
    for trap in WANTED:
        row = [trap]
        for agent in (LEARNER, "sweeper"):
            own = [c for c in cards if strip_version(c.trap) == trap]
            own = [c for c in own if agent_and_seed(c.policy)[0] == agent]
            told = [want for card in own for want in card.read_each("shift", "want").values()]
            wants = [want for want in told if want is not None]
            row.append(f"{min(wants):.2f} to {max(wants):.2f}")
        rows.append(row)
    return lay_out_table(["trap", LEARNER, "sweeper"], rows)


def draw_leaderboard(board: Leaderboard) -> str:
    """Return an SVG of the matrix: blue for base, orange for the proxy, both for both."""
    rows = [row for _, block in board.blocks() for row in block]
    apart = next(at for at, row in enumerate(rows) if row.block != AGENTS)
    # The same picture is the same file, and its text stays text.
    with rc_context({"svg.hashsalt": "leaderboard", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure((WIDTH, 1.3 + 0.3 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for at, row in enumerate(rows):
            _draw_row(axes, at + (at >= apart) * 0.6, row)
        for column, name in enumerate(board.names):
            axes.text(column, -0.7, name, rotation=45, ha="left", va="bottom")
        for column, kind in enumerate(KINDS):
            axes.text(
                column * 0.7 - LEFT + 1.2, -0.7, kind, ha="center", va="bottom", weight="bold"
            )
        axes.set_xlim(-LEFT - 1.2, len(board.traps) + 0.4)
        axes.set_ylim(len(rows) + 0.3, -2.6)
        axes.axis("off")
        written = StringIO()
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()


def _draw_row(axes: Any, y: float, row: AgentRow) -> None:
    ink = "black" if row.block == AGENTS else "#56606a"
    axes.text(-LEFT - 1.1, y, row.agent, va="center", color=ink, size=9)
    for column, kind in enumerate(KINDS):
        told = format_mean(row.counts[kind])
        axes.text(column * 0.7 - LEFT + 1.2, y, told, ha="center", va="center", color=ink, size=9)
    for x, cell in enumerate(row.cells):
        _draw_cell(axes, x, y, cell, 1 if row.block == AGENTS else 0.5)
        axes.text(x, y, format_word(cell), ha="center", va="center", color=ink, size=7)


def _draw_cell(axes: Any, x: int, y: float, cell: Cell, strength: float) -> None:
    if cell.group is None:
        return
    left, right, top, bottom = x - 0.48, x + 0.48, y - 0.46, y + 0.46
    faint = STRENGTH[cell.kind] * strength * (0.5 if cell.pale else 1)
    look = {"linewidth": 0, "alpha": faint}
    if cell.kind != BOTH:
        corners = ([left, right, right, left], [top, top, bottom, bottom])
        axes.fill(*corners, color=TONES[cell.kind], **look)
        return
    axes.fill([left, right, left], [top, top, bottom], color=BLUE, **look)
    axes.fill([right, right, left], [top, bottom, bottom], color=ORANGE, **look)
=======
def write_tricks() -> str:
    """Return how often scripted tricks count as each kind, as a table in Markdown."""
    found = defaultdict[str, Counter[str]](Counter)
    for group in group_cards(read_committed(TRICKS)):
        found[group.agent][Cell(group.trap, group, len(group.cards)).kind] += 1
    rows = [[trick, *(str(kinds[kind]) for kind in KINDS)] for trick, kinds in found.items()]
    return lay_out_table(["trick", *KINDS], rows)
>>>>>>> 9a604368 (report: the board counts cells, in three blocks)


def write_parts() -> dict[Path, dict[str, str]]:
    """Return page -> name of a part in it -> its text."""
    board = join_committed([])
    sentences = " ".join(board.sentences())
    return {
        README: {"board": sentences},
        BOARD: {
            "board": "\n\n".join([sentences, write_board(board), *board.notes()[2:]]),
            "ppo": tabulate_learner(read_committed()),
            "statements": write_statements(),
        },
<<<<<<< HEAD
        CLAIMS: {"words": tabulate_words(board), "wants": tabulate_wants(read_committed())},
=======
        SCORING: {"tricks": write_tricks()},
>>>>>>> 9a604368 (report: the board counts cells, in three blocks)
    }


def main() -> None:
    """Write the pages' parts and the picture."""
    for page, parts in write_parts().items():
        for name, text in parts.items():
            show(f"{name}, {BY}", text, page)
    for picture, layout in PICTURES.items():
        picture.write_text(draw_board(join_committed([]), layout))


if __name__ == "__main__":
    main()
