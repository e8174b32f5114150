"""The pages of the leaderboard in headless Chromium, on a phone and a desk, light and dark."""

import pytest
from boards import BOTH, WORSE, make_leaderboard
from browsing import CONTRASTS, Tab

from mesa_gym.report.leaderboard_page import slug, write_pages


@pytest.mark.thorough
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_fits_its_window_and_its_text_can_be_read(browser, tmp_path, width, scheme):
    write_pages(make_leaderboard(), tmp_path / "board")
    tab = Tab(browser, tmp_path, viewport={"width": width, "height": 900}, color_scheme=scheme)
    for address in ("index.html", "agents/ppo.html", f"agents/{slug(WORSE)}.html"):
        page = tab.open(address)
        assert page.evaluate("document.documentElement.scrollWidth") == width, address
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 10
        assert [found for found in contrasts if found[1] < 4.5] == [], address
    page = tab.open("index.html")
    rows = [
        box["y"] for row in page.locator(".board tbody tr").all() if (box := row.bounding_box())
    ]
    assert len(rows) == 8
    assert rows[0] < 900
    assert page.locator(".heat:not(.heads) span:visible").count() == 8 * len(BOTH)
    tab.close()
