"""The committed results in README and pages of docs.

Each table or sentence is between two marks; people write the text around them. Sentences on the
board are in README.md and docs/leaderboard.md, its picture in docs/images, and its text
next to its cards. Figures of ``docs.writers.figures`` are in README.md, guides and studies, and
comparisons in docs/leaderboard.md and docs/papers.md. Tables of docs/claims.md are in CSV files
next to it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

from benchmarks.markdown import lay_out_table, pipes
from docs.writers.board_picture import draw_board
from docs.writers.board_text import record_board
from docs.writers.card_picture import tabulate_card
from docs.writers.citation import write_bibtex
from docs.writers.comparisons import (
    describe_means,
    draw_example,
    tabulate_differences,
    write_example,
)
from docs.writers.figures import (
    describe_speed,
    show_first_commands,
    show_result,
    tabulate_costs,
    tabulate_thresholds,
)
from docs.writers.headline import (
    describe_agreement,
    describe_best_scripts,
    describe_controls,
    describe_learning,
    describe_nearest_script,
)
from docs.writers.prices import tabulate_prices
from docs.writers.rules import write_decisions, write_rules
from docs.writers.statements import tabulate_next, write_statements
from docs.writers.tables import fill_tables, list_pages, put_part
from mesa_gym.files import format_csv, write_text
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import Leaderboard, group_cards, join_committed, read_committed
from mesa_gym.report.board_columns import LEARNER, write_headline
from mesa_gym.report.board_rows import IDLE, TRICK, strip_version
from mesa_gym.report.tables import HEADS, tabulate_groups
from mesa_gym.scoring.evidence import SWEEPER
from mesa_gym.traps import package_traps
from mesa_gym.words import HEADLINES, MISGENERALIZED, write_word

DOCS = Path(__file__).parents[1]
README, BOARD = DOCS.parent / "README.md", DOCS / "leaderboard.md"
PAPER, CLAIMS = DOCS / "papers.md", DOCS / "claims.md"
VERDICTS = DOCS / "verdicts.md"
CLAIMED_VERDICTS, TARGET_EFFECTS = DOCS / "claims_verdicts.csv", DOCS / "claims_target_effects.csv"
SCORING, START = DOCS / "scoring.md", DOCS / "start.md"
LANGUAGE = DOCS / "language_models.md"
CALIBRATION = DOCS / "studies" / "calibration" / "README.md"
PROBATION = DOCS / "studies" / "probation" / "README.md"
SPEED = DOCS / "studies" / "speed" / "README.md"
RECORDS = DOCS / "studies" / "archive" / "README.md"
PICTURE = DOCS / "images" / "leaderboard.svg"
EXAMPLE = DOCS / "images" / "difference.png"
WANTED = ("CheeseDish", "RedBlueDoors", "ColourShape", "ChuteOrFire", "Attributes")


def tabulate_misgeneralized() -> str:
    """Return a table in Markdown: verdict -> whether the agent misgeneralized, what may be said."""
    rows = [[f"*{write_word(word)}*", *of] for word, of in MISGENERALIZED.items()]
    return lay_out_table(["verdict", "did it misgeneralize?", "you may say"], rows)


def list_words(board: Leaderboard) -> str:
    """Return on how many traps other agents have plain PPO's verdict, as a table in CSV."""
    rows = [row for row in board.rows if row.block != IDLE]
    (plain,) = (row for row in rows if row.agent == LEARNER)
    table = []
    for row in rows:
        if row is plain:
            continue
        pairs = zip(row.cells, plain.cells, strict=True)
        changed = [one for one, other in pairs if write_headline(one) != write_headline(other)]
        named = [f"*{write_headline(cell)}* on {strip_version(cell.trap)}" for cell in changed]
        kept = f"{len(row.cells) - len(changed)} of {len(row.cells)}"
        texts = {"agent": row.label, "traps with PPO's verdict": kept}
        table.append(texts | {"other verdicts of the agent": ", ".join(named) or "–"})
    return format_csv(table)


def tabulate_wants() -> str:
    """Return the target effects of plain PPO and of a sweeper on traps, as a table in CSV."""
    cards_by_agent = {agent: read_committed(agent) for agent in (LEARNER, SWEEPER)}
    rows = []
    for trap in WANTED:
        row = {"trap": trap}
        for agent, cards in cards_by_agent.items():
            measured = [
                c.read_each("shift", "target_effect") for c in cards if c.trap == f"{trap}-v0"
            ]
            effects = [x for by_target in measured for x in by_target.values() if x is not None]
            row[f"target effects of `{agent}`"] = f"{min(effects):.2f} to {max(effects):.2f}"
        rows.append(row)
    return format_csv(rows)


def write_tricks() -> str:
    """Return how often scripted tricks get each headline, as a table in Markdown."""
    counts = defaultdict[str, Counter[str]](Counter)
    for group in group_cards(c for c in read_committed() if c.policy.startswith(TRICK)):
        counts[group.agent][group.kind] += 1
    rows = [[trick, *(str(kinds[word]) for word in HEADLINES)] for trick, kinds in counts.items()]
    return lay_out_table(["trick", *map(write_word, HEADLINES)], rows)


def tabulate_results() -> str:
    """Return the shares of all committed agents, as a table in Markdown."""
    agents = [card for card in read_committed() if agent_and_seed(card.policy)[1] is not None]
    return pipes(HEADS, tabulate_groups(group_cards(agents)))


@cache
def read_board() -> Leaderboard:
    """Return the leaderboard of the committed agents."""
    return join_committed([])


def write_parts() -> dict[Path, dict[str, str]]:
    """Return the text of each part: page -> name of the part -> text."""
    board = read_board()
    sentences = (describe_learning, describe_nearest_script, describe_controls, describe_agreement)
    return {
        README: {
            "traps": str(len(package_traps())),
            "learning": describe_learning(board, "docs/"),
            "commands": show_first_commands(),
            "result": show_result(),
        },
        BOARD: {
            "board": "\n".join(f"- {describe(board)}" for describe in sentences),
            "means": describe_means(board),
            "differences": tabulate_differences(board),
        },
        PAPER: {
            "statements": write_statements(),
            "example": write_example(),
            "cite": write_bibtex(),
        },
        SCORING: {
            "card": tabulate_card(),
            "misgeneralized": tabulate_misgeneralized(),
            "next": tabulate_next(),
        },
        VERDICTS: {"rules": write_rules(), "decisions": write_decisions()},
        CALIBRATION: {"tricks": write_tricks()},
        PROBATION: {"thresholds": tabulate_thresholds()},
        START: {"costs": tabulate_costs()},
        LANGUAGE: {"prices": tabulate_prices()},
        SPEED: {"answer": describe_speed()},
        CLAIMS: {"learning": describe_learning(board), "scripts": describe_best_scripts(board)},
        RECORDS: {"results": tabulate_results()},
    }


def write_tables() -> dict[Path, str]:
    """Return the text of each table in CSV that docs/claims.md shows."""
    return {CLAIMED_VERDICTS: list_words(read_board()), TARGET_EFFECTS: tabulate_wants()}


def write_pages() -> dict[Path, str]:
    """Return the text of each page with parts or tables."""
    pages = {page: fill_tables(page) for page in list_pages()}
    for page, parts in write_parts().items():
        text = pages.get(page) or page.read_text()
        for name, part in parts.items():
            text = put_part(text, name, part)
        pages[page] = text
    return pages


def main() -> None:
    """Write the tables, the pages and the pictures of results; first the board that they read."""
    record_board()
    for file, text in write_tables().items():
        write_text(file, text)
    for page, text in write_pages().items():
        write_text(page, text)
    EXAMPLE.write_bytes(draw_example())
    PICTURE.write_text(draw_board(read_board()))
