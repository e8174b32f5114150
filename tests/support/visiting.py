"""Visits to playgrounds in headless Chromium: a person's actions, the script's data."""

import base64

import numpy as np

from mesa_gym.files import write_text
from mesa_gym.trained.library import load
from mesa_gym.traps import find_trap
from mesa_gym.viewer.playground import Guest, list_levels, make_playground
from tests.support.browsing import Tab, wait_until
from tests.support.edited import cells_of
from tests.support.playgrounds import start_of

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1000, "height": 500}
CANVAS, SAID = "#boards canvas", "#said"
# The first level of the shift on the pages of `write_pages`.
TRAP = find_trap("CheeseCorner")()
SHIFT = TRAP.levels("shift", [0])
START, (CHEESE,), CORNER = int(SHIFT.agent[0]), cells_of(TRAP, SHIFT, "cheese"), TRAP.width + 1
# Rows of doubles as text.
TABLE = """(rows) => {
    const all = new Uint8Array(Float64Array.from(rows.flatMap((row) => [...row])).buffer);
    let text = "";
    for (let k = 0; k < all.length; k += 4096)
        text += String.fromCharCode(...all.subarray(k, k + 4096));
    return btoa(text);
}"""


class Visit:
    """A page in a tab."""

    def __init__(self, browser, folder, address="page.html", **look):
        self.tab = Tab(browser, folder, has_touch=True, **{"viewport": DESK} | look)
        self.page = self.tab.open(address)
        self.wait()

    def wait(self):
        wait_until(self.page, "document.body.dataset.ready")

    def draw(self):
        """Wait until the page has been drawn."""
        self.ask("new Promise((f) => requestAnimationFrame(() => requestAnimationFrame(f)))")

    def ask(self, code, given=None):
        return self.page.evaluate(code, given)

    def table(self, code):
        """Return the numbers of a list of rows that the script computes, (n,)."""
        return np.frombuffer(base64.b64decode(self.ask(f"({TABLE})({code})")))

    @property
    def cell(self):
        return self.ask("level.cell[boards[0].run.state]")

    @property
    def steps(self):
        return self.ask("boards[0].run.t")

    def choose(self, number):
        """Choose a level by its button."""
        self.page.click(f"#levels button:nth-child({number + 1})")
        wait_until(self.page, f"number === {number}")

    def press(self, *keys):
        self.page.focus(CANVAS)
        for key in keys:
            self.page.keyboard.press(key)

    def tap(self, cell, board=0):
        canvas, columns = self.page.locator(CANVAS).nth(board), self.ask("game.columns")
        side = canvas.bounding_box()["width"] / columns
        row, column = divmod(cell, columns)
        canvas.tap(position={"x": (column + 0.5) * side, "y": (row + 0.5) * side})

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def take(self, agent):
        """Choose an agent."""
        self.page.locator("#agent").select_option(label=agent)

    def picture(self):
        """Return the first board as text."""
        return self.ask("boards[0].canvas.toDataURL()")

    def text(self, selector=SAID):
        return self.page.locator(selector).inner_text()


def write_pages(folder):
    """Write a page of CheeseCorner with three agents, and one without.

    The agents are an oracle, a planner of the library, and one that acts at random and declares
    nothing.
    """
    policies = {"oracle": "oracle:cheese", "planner": load(TRAP, "ppo-planner")}
    policies |= {"restless": lambda seen: [[0.2] * 5] * len(seen)}
    guests = [Guest(name, policy) for name, policy in policies.items()]
    levels = list_levels(TRAP, None, [0, 1])
    write_text(folder / "board" / "page.html", make_playground(TRAP, levels, guests))
    write_text(folder / "board" / "alone.html", make_playground(TRAP, levels, []))
    return folder


class LivePage(Visit):
    """A page of some policies on a trap, its levels those of the numbers by default."""

    def __init__(self, browser, folder, trap, policies, numbers, **look):
        guests = [Guest(f"agent {k}", policy) for k, policy in enumerate(policies)]
        page = make_playground(trap, list_levels(trap, None, numbers), guests)
        write_text(folder / "board" / "page.html", page)
        super().__init__(browser, folder, **look)
        self.trap = trap
        self.levels = [tuple(x) for x in self.ask("data.levels.map((x) => [x.play, x.number])")]

    def start(self, number):
        return start_of(self.trap, *self.levels[number])

    def hide_layers(self):
        shown = self.page.locator("#layers button[aria-pressed=true]")
        while shown.count():
            shown.first.click()
