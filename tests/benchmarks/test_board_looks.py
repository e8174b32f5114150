"""The board's pages in headless Chromium: on a phone, on paper, in light and dark."""

from __future__ import annotations

from pathlib import Path

import pytest
from boards import CORNER
from browsing import Tab, needs_browser
from few import few

pytestmark = needs_browser
KINDS = ("index.html", "agents/ppo.html", f"traps/{CORNER}.html")
PHONE = {"width": 390, "height": 844}

# The text and the contrast of each element that has text of its own (WCAG 2.1, 1.4.3).
CONTRASTS = r"""() => {
  const rgb = (text) => {
    const [r, g, b, a = 1] = text.match(/[\d.]+/g).map(Number);
    return [r, g, b, a];
  };
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] > 0) return colour;
    }
    return [255, 255, 255, 1];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const colour = rgb(element instanceof SVGElement ? style.fill : style.color);
    const [dark, light] = [colour, behind(element)].map(luminance).sort((a, b) => a - b);
    found.push([element.textContent.trim().slice(0, 40), (light + 0.05) / (dark + 0.05)]);
  }
  return found;
}"""


def test_no_page_scrolls_sideways_on_a_phone(browser, folder: Path) -> None:
    tab = Tab(browser, folder, viewport=PHONE, is_mobile=True, has_touch=True)
    agents = sorted(path.name for path in (folder / "board" / "agents").iterdir())
    for address in (*KINDS, *(f"agents/{name}" for name in agents)):
        page = tab.open(address)
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        assert page.evaluate("document.documentElement.scrollWidth") == 390, address
        assert page.locator(".scroll").count() >= 1
    tab.close()


@pytest.mark.parametrize("address", few(KINDS, KINDS[0]))
def test_text_can_be_read_in_both_schemes(browser, folder: Path, address: str) -> None:
    backgrounds = []
    for scheme in ("light", "dark"):
        tab = Tab(browser, folder, color_scheme=scheme)
        page = tab.open(address)
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 100
        assert [found for found in contrasts if found[1] < 4.5] == []
        backgrounds.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        tab.close()
    assert backgrounds[0] != backgrounds[1]


@pytest.mark.parametrize("address", few(KINDS, KINDS[0]))
def test_paper_shows_whole_tables_in_light_colours_and_no_controls(
    browser, folder: Path, address: str
) -> None:
    # A4 across, less its margins, in pixels of CSS.
    tab = Tab(browser, folder, viewport={"width": 1046, "height": 718}, color_scheme="dark")
    page = tab.open(address)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for control in (".filter", ".skip", "header"):
        assert page.locator(f"{control}:visible").count() == 0
    arrow = "getComputedStyle(document.querySelector('thead button'), '::after').content"
    assert page.evaluate(arrow) == "none"
    wide = """[...document.querySelectorAll("table")].map((t) => t.getBoundingClientRect().right)"""
    assert max(page.evaluate(wide)) <= 1046
    assert [found for found in page.evaluate(CONTRASTS) if found[1] < 4.5] == []
    tab.close()
