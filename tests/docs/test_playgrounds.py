"""The gallery: a page for each trap that can live in one, small, as wide as the screen."""

import re

import pytest

from docs.build import write_page
from docs.playgrounds import MOST_BYTES, MOST_TOGETHER, has_page, write_gallery_page
from mesa_gym.traps import find_trap, package_traps
from tests.support.browsing import Tab
from tests.support.parameters import few

NAMES = [cls.__name__ for cls in package_traps().values()]
LIVE = [name for name in NAMES if name not in ("MonsterWorld", "TreeFarm")]
VISITED = ["KeysChests", "CheeseCorner"]  # the largest page, and one of a trap about places


def test_playgrounds_need_exact_solver_without_chance():
    assert [name for name in NAMES if has_page(find_trap(name)())] == LIVE


@pytest.mark.slow
def test_all_pages_together_are_small(tmp_path):
    pages = [write_gallery_page(find_trap(name)(), tmp_path) for name in LIVE]
    sizes = {page.stem: page.stat().st_size for page in pages}
    assert [*sizes] == LIVE
    assert max(sizes.values()) <= MOST_BYTES
    assert sum(sizes.values()) <= MOST_TOGETHER


@pytest.mark.parametrize("name", few(LIVE, thorough=VISITED))
def test_gallery_page_is_small_and_fits_width(browser, tmp_path, name):
    trap = find_trap(name)()
    path = write_gallery_page(trap, tmp_path / "board")
    assert path.stat().st_size <= MOST_BYTES
    for width in (390, 1400):
        tab = Tab(browser, tmp_path, viewport={"width": width, "height": 844})
        page = tab.open(path.name)
        page.wait_for_selector("body[data-ready]")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        tab.close()


@pytest.mark.parametrize("name", few(VISITED, thorough=VISITED[:1]))
def test_trap_page_opens_with_colours_it_names(browser, tmp_path, name):
    text = write_page(find_trap(name), tmp_path / "board").read_text()
    address = re.search(r'<iframe class="playground" src="([^"]+)"', text)[1]
    assert "colours say" in text.partition("<iframe")[0]
    pictures = []
    for opened in (address, address.partition("#")[0]):
        tab = Tab(browser, tmp_path)
        page = tab.open(opened)
        page.wait_for_selector("body[data-ready]")
        pictures.append(page.locator("canvas").first.evaluate("(c) => c.toDataURL()"))
        legend = page.locator("#legend").inner_text()
        assert legend.startswith("Colours say") == (opened == address)
        tab.close()
    assert pictures[0] != pictures[1]
