"""Put the committed results into docs/tracks.md: ``python -m docs.results_page``.

The table stands between two marks; the text around it is for people to write. The atlas is a
picture, docs/images/atlas.svg.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.board.board import Board, read
from benchmarks.board.column import figure
from benchmarks.board.standings import Standing, Track
from benchmarks.markdown import pipes
from benchmarks.runs.results import COMMITTED, Results
from benchmarks.tracks.trap_sets import RANKING
from mesa_gym.report import plot
from mesa_gym.scoring.groups import agent_and_seed

HERE = Path(__file__).parent
ROOT = HERE.parent
PAGE = HERE / "tracks.md"
BEGIN, END = "<!-- written by python -m docs.results_page -->", "<!-- until here -->"
PICTURE = HERE / "images" / "atlas.svg"
# The agent of the picture.
AGENT = "ppo"


def fill_page(board: Board) -> str:
    """Return docs/tracks.md with what methods get on the tracks."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    table = f"{methods(board.tracks)}\n\n{_describe_means(board.tracks)}"
    return f"{before}{BEGIN}\n\n{table}\n\n{END}{after}"


def methods(tracks: Sequence[Track]) -> str:
    """Return a table with a row for each method, its value on each track, the best first.

    Checks are left out: all of them get 0.
    """
    values = [
        {each.method: each for each in track.standings if each.kind != "check"} for track in tracks
    ]
    every = {name: each for of in values for name, each in of.items()}
    order = sorted(every, key=lambda name: (every[name].place is None, -_find_most(values, name)))
    heads = ["method", *(f"{track.name} ({track.measure})" for track in tracks)]
    table = [
        [
            name if every[name].place else f"{name} ({every[name].say_kind()})",
            *(figure(of[name].value) if name in of else "" for of in values),
        ]
        for name in order
    ]
    return pipes(heads, table)


def _find_most(values: Sequence[Mapping[str, Standing]], name: str) -> float:
    return max(of[name].value for of in values if name in of)


def _describe_means(tracks: Sequence[Track]) -> str:
    """Return in a sentence what the values of ranked methods are means over."""
    seeds = sorted({each.seeds for track in tracks for each in track.standings if each.place})
    if not seeds:
        return "*No method has a place.*"
    traps = ", ".join(trap.removesuffix("-v0") for trap in RANKING)
    numbers = " to ".join(dict.fromkeys(map(str, (seeds[0], seeds[-1]))))
    return f"*Means over {traps}, with {numbers} seeds each.*"


def picture(board: Board) -> str:
    """Return an SVG of what an agent chose on each trap with a choice, over the bars of nulls."""
    own = [card for card in board.cards.values() if agent_and_seed(card.policy)[0] == AGENT]
    return plot(own).svg


def main() -> None:
    """Write the page's table and the picture."""
    board = read(Results(ROOT / COMMITTED))
    PAGE.write_text(fill_page(board))
    PICTURE.write_text(picture(board))


if __name__ == "__main__":
    main()
