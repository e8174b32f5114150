"""The playground's game, played by pressed keys in headless Chromium, against the environments.

``MESA_GYM_WALKS`` sets how many walks a trap are taken, 3 by default.
"""

import os

import gymnasium
import numpy as np
import pytest

from mesa_gym.rendering import render_rgb
from mesa_gym.scoring.plays import find_play
from mesa_gym.traps import Split
from mesa_gym.viewer.playground import PAGE_TILE
from tests.support.parameters import few_live
from tests.support.playgrounds import read_picture, start_of
from tests.support.visiting import CANVAS, LivePage

pytestmark = pytest.mark.thorough
WALKS = int(os.environ.get("MESA_GYM_WALKS", "3"))
KEYS = ("ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", " ")
SMALL = {"width": 200, "height": 120}  # a window that takes little time to draw
MARKED = 22  # pixels from the top of a cell, where marks of what was paid are drawn

# What a page's script knows, as plain data.
RUN = """() => { const { run } = boards[0]; return {
    cells: run.visited.map((state) => level.cell[state]),
    paid: run.actions.map((_, t) => run.paid(t)),
    earned: data.objectives.map((_, i) => run.earned(i)),
    ended: run.state >= level.going, over: run.over, left: run.left }; }"""


class PlayedLevel:
    """An episode outside of the page: of the environment, or of a changed level by the trap."""

    def __init__(self, trap, play, number):
        self.trap, self.state = trap, start_of(trap, play, number)
        self.cells, self.paid = [int(self.state.agent[0])], []
        self.ended, self.over, self.limit = False, False, find_play(trap, play).steps
        self.marked = set()
        self.env = None
        if play in set(Split):
            self.env = gymnasium.make(trap.id(Split(play)))
            self.env.reset(options={"level": number})

    def step(self, action):
        if self.env is None:
            self.state, paid, ended = self.trap.step(self.state, np.array([action]))
            pays = {x: float(pay[0]) for x, pay in paid.items()}
            self.ended = bool(ended[0])
            self.over = self.ended or len(self.paid) + 1 == self.limit
        else:
            _, reward, self.ended, truncated, info = self.env.step(action)
            pays = {x: info[f"reward_{x}"] for x in self.trap.objectives}
            assert reward == pays[self.trap.base]
            self.state = self.env.unwrapped.state.batched()
            self.over = self.ended or truncated
        self.cells.append(int(self.state.agent[0]))
        self.paid.append([*pays.values()])
        if any(pays.values()):
            self.marked.add(self.cells[-1])

    def unmarked(self, picture):
        """Return a picture without the parts of cells on which marks are drawn."""
        shown = picture.copy()
        for cell in self.marked:
            row, column = np.array(divmod(cell, self.trap.width)) * PAGE_TILE
            shown[row : row + MARKED, column : column + PAGE_TILE] = 0
        return shown


@few_live
def test_page_walks_equal_the_environment(trap, browser, tmp_path):
    trap, rng = trap(), np.random.default_rng(7)
    numbers = [0] if WALKS == 3 else [0, 1, 2]
    live = LivePage(browser, tmp_path, trap, [], numbers, viewport=SMALL)
    page = live.page
    live.hide_layers()
    steps = 0
    for walk in range(WALKS):
        # The shift, then another level than the first one, then training.
        number = [1, 1 + walk % (len(live.levels) - 1), 0][walk % 3]
        live.choose(number)
        episode = PlayedLevel(trap, *live.levels[number])
        page.focus(CANVAS)
        page.keyboard.press("Home")
        # In the first walk, and in all of many, until the time is up.
        most = episode.limit if walk == 0 or WALKS > 3 else 20
        for t, action in enumerate(rng.choice(5, most, p=[0.23] * 4 + [0.08]).tolist()):
            page.keyboard.down(KEYS[action])  # up at the end: each event takes a frame
            episode.step(action)
            steps += 1
            if t % 4 == 0 or episode.over:
                shown, drawn = (
                    read_picture(live.picture()),
                    render_rgb(trap, episode.state, PAGE_TILE)[0],
                )
                assert (episode.unmarked(shown) == episode.unmarked(drawn)).all()
            if episode.over:
                page.keyboard.press("ArrowLeft")  # nothing follows
                break
        for key in KEYS:
            page.keyboard.up(key)
        run = live.ask(RUN)
        assert run["cells"] == episode.cells
        assert run["paid"] == episode.paid
        assert (run["ended"], run["over"]) == (episode.ended, episode.over)
        assert run["left"] == episode.limit - len(episode.paid)
        for i, x in enumerate(trap.objectives):
            gains = [pays[i] * trap.discount(x) ** t for t, pays in enumerate(episode.paid)]
            assert run["earned"][i] == pytest.approx(sum(gains), abs=1e-12)
    live.tab.close()
    print(f"{trap.name()}: {WALKS} walks, {steps} steps, no deviation")
