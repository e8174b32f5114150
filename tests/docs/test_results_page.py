"""Tables, pictures and films of pages match today's results and agents."""

import re
import shutil
from pathlib import Path

import pytest

from docs.board_picture import draw_board
from docs.pictures import AGENT, LEVELS, TRAP, find_moments
from docs.results_page import PICTURE, put_part, write_parts
from mesa_gym.report import join_committed
from mesa_gym.scoring import score
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, Trap, find_trap

GUIDE = Path(__file__).parents[2] / "docs" / "write_a_trap.md"
COMPUTED = {"cells", "entries", "width", "xp", "objectives", "base", "proxies", "planes"}


@pytest.mark.thorough
def test_pages_show_committed_results(tmp_path):
    """`python -m docs.results_page` writes them."""
    for page, parts in write_parts().items():
        copy = Path(shutil.copy(page, tmp_path))
        for name, text in parts.items():
            put_part(copy, name, text)
        assert copy.read_text() == page.read_text()
    drawn = draw_board(join_committed([]))
    assert PICTURE.read_text() == drawn
    # Letters can be read where the picture is as wide as its page.
    assert min(map(float, re.findall(r'font-size="([0-9.]+)"', drawn))) >= 9


def test_guide_lists_attributes_of_traps():
    declared = {name for cls in Trap.__mro__ for name in vars(cls).get("__annotations__", ())}
    cells = re.findall(r"^\| (`.*?) \|", GUIDE.read_text(), re.MULTILINE)
    listed = [name for cell in cells for name in re.findall(r"`([a-z_]+)(?: = [^`]*)?`", cell)]
    expected = {name for name in declared if not name.startswith("_")} - COMPUTED
    assert sorted(expected) == sorted(set(listed) & declared)
    assert all(listed.count(name) == 1 for name in expected)


@pytest.mark.thorough
def test_film_counts_equal_card_shares():
    """The film has eight levels of the shift."""
    *_, (_, levels, firsts) = find_moments(find_trap(TRAP)(), Split.SHIFT)
    shares = score(load(TRAP), TRAP, levels=LEVELS, name=AGENT).read_each("shift", "choice")
    assert levels == LEVELS
    assert firsts == {x: LEVELS * shares[x] for x in firsts}
