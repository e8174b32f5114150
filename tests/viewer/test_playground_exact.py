"""The playground in headless Chromium against the environments, the solver and the planners.

``MESA_GYM_WALKS`` sets how many walks a trap are taken by pressed keys, 3 by default.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from browsing import Tab, launched, needs_browser
from numpy.typing import NDArray
from parameters import LIVE
from playgrounds import read_picture, start_of

from mesa_gym.engine import State
from mesa_gym.files import write_text
from mesa_gym.policies import Memoryless, Oracle
from mesa_gym.rendering import render_rgb
from mesa_gym.scoring.plays import count_steps, split_of
from mesa_gym.solver import (
    Graph,
    PlacementGraph,
    Solution,
    StateNumbers,
    TimeLeft,
    actions_in,
    expect_returns,
    share_first_contacts,
)
from mesa_gym.traps import Split, Trap, find_trap
from mesa_gym.viewer.playground import TILE, Guest, list_levels, make_playground

pytestmark = [needs_browser, pytest.mark.thorough]
WALKS = int(os.environ.get("MESA_GYM_WALKS", "3"))
KEYS = ("ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp", " ")
MARKED = 22  # pixels from the top of a cell, where marks of what was paid are drawn
EXACT = 1e-5

# What a page's script knows, as plain data.
RUN = """() => { const { run } = boards[0]; return {
    cells: run.visited.map((state) => level.cell[state]),
    paid: run.actions.map((_, t) => run.paid(t)),
    earned: data.objectives.map((_, i) => run.earned(i)),
    ended: run.state >= level.going, over: run.over, left: run.left }; }"""
# Tables of doubles, row by row, as text.
TABLE = """(rows) => {
    const all = new Uint8Array(Float64Array.from(rows.flatMap((row) => [...row])).buffer);
    let text = "";
    for (let k = 0; k < all.length; k += 4096)
        text += String.fromCharCode(...all.subarray(k, k + 4096));
    return btoa(text);
}"""


class Shaded(Memoryless):
    """Action probabilities that depend on all that is seen, from sure to torn."""

    def act(self, observation: NDArray[np.uint8], state: State | None = None) -> NDArray[Any]:
        seen = observation.reshape(len(observation), -1).astype(np.float64)
        scores = seen @ np.random.default_rng(0).normal(size=(seen.shape[1], 5))
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as browser:
        yield browser


class OpenPage:
    """A page of some agents, opened in a tab, and what it says."""

    def __init__(self, browser: Any, folder: Path, trap: Trap, guests: list[Guest]) -> None:
        self.trap = trap
        levels = list_levels(trap, None, [0] if WALKS == 3 else [0, 1, 2])
        write_text(folder / "board" / "page.html", make_playground(trap, levels, guests))
        self.tab = Tab(browser, folder, viewport={"width": 1000, "height": 1100})
        self.page = self.tab.open("page.html")
        while not self.ask("document.body.dataset.ready"):
            self.page.wait_for_timeout(20)
        self.levels = [
            tuple(each) for each in self.ask("data.levels.map((x) => [x.play, x.number])")
        ]

    def ask(self, code: str, given: Any = None) -> Any:
        return self.page.evaluate(code, given)

    def table(self, code: str) -> NDArray[np.float64]:
        """Return a list of rows of numbers that the script computes."""
        text = self.ask(f"({TABLE})({code})")
        return np.frombuffer(base64.b64decode(text))

    def choose(self, number: int) -> None:
        """Choose a level by its button."""
        self.page.click(f"#levels button:nth-child({number + 1})")
        while self.ask("number") != number:
            self.page.wait_for_timeout(10)

    def start(self, number: int) -> State:
        return start_of(self.trap, *self.levels[number])

    def hide_layers(self) -> None:
        shown = self.page.locator("#layers button[aria-pressed=true]")
        while shown.count():
            shown.first.click()

    def picture(self) -> NDArray[np.uint8]:
        return read_picture(self.ask("boards[0].canvas.toDataURL()"))


@pytest.fixture(scope="module")
def open_page(browser, tmp_path_factory) -> Iterator[Any]:
    """Open a page of some policies on a trap."""
    opened: list[OpenPage] = []

    def do(trap: Trap, *policies: Any) -> OpenPage:
        guests = [Guest(f"agent {k}", policy) for k, policy in enumerate(policies)]
        opened.append(OpenPage(browser, tmp_path_factory.mktemp("page"), trap, guests))
        return opened[-1]

    yield do
    for each in opened:
        each.tab.close()


@pytest.fixture(scope="module", params=LIVE, ids=lambda trap: trap.name())
def live(open_page, request) -> OpenPage:
    """A page of a trap: agent 0 is a function of what it sees, the others are oracles."""
    trap = request.param()
    oracles = [Oracle(trap, x, trap.horizon("shift")) for x in trap.objectives]
    return open_page(trap, Shaded(), *oracles)


# -- the rules -----------------------------------------------------------------------------------


class Episode:
    """An episode outside of the page: of the environment, or of a changed level by the trap."""

    def __init__(self, trap: Trap, play: str, number: int) -> None:
        self.trap, self.state = trap, start_of(trap, play, number)
        self.cells, self.paid = [int(self.state.agent[0])], []
        self.ended, self.over, self.limit = False, False, trap.horizon(split_of(play))
        self.marked: set[int] = set()
        self.env = None
        if play in set(Split):
            self.env = gymnasium.make(trap.id(Split(play)))
            self.env.reset(options={"level": number})

    def step(self, action: int) -> None:
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

    def unmarked(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture without the parts of cells on which marks are drawn."""
        shown = picture.copy()
        for cell in self.marked:
            row, column = np.array(divmod(cell, self.trap.width)) * TILE
            shown[row : row + MARKED, column : column + TILE] = 0
        return shown


def test_walks_by_pressed_keys_are_those_of_the_environment(live: OpenPage) -> None:
    trap, page, rng = live.trap, live.page, np.random.default_rng(7)
    live.hide_layers()
    steps = 0
    for walk in range(WALKS):
        # The shift, then another level than the first one, then training.
        number = [1, 1 + walk % (len(live.levels) - 1), 0][walk % 3]
        live.choose(number)
        episode = Episode(trap, *live.levels[number])
        page.focus("canvas")
        page.keyboard.press("Home")
        # In the first walk, and in all of many, until the time is up.
        most = episode.limit if walk == 0 or WALKS > 3 else 20
        for t, action in enumerate(rng.choice(5, most, p=[0.23] * 4 + [0.08]).tolist()):
            page.keyboard.down(KEYS[action])  # up at the end: each event takes a frame
            episode.step(action)
            steps += 1
            if t % 4 == 0 or episode.over:
                drawn = render_rgb(trap, episode.state, TILE)[0]
                assert (episode.unmarked(live.picture()) == episode.unmarked(drawn)).all()
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
    print(f"{trap.name()}: {WALKS} walks, {steps} steps, no deviation")


# -- what follows ----------------------------------------------------------------------------------


def test_values_are_the_solvers_bit_for_bit(live: OpenPage) -> None:
    trap = live.trap
    for number, (play, _) in enumerate(live.levels[:3]):
        live.choose(number)
        start, horizon = live.start(number), count_steps(trap, play)
        stepped, placed = Graph(trap, start), PlacementGraph(trap, start)
        at = np.searchsorted(placed.rank[: placed.going], stepped.rank)
        solved = TimeLeft(stepped, horizon)
        for i, x in enumerate(trap.objectives):
            found = live.table(f"level.values({i})").reshape(horizon + 1, -1)
            assert (found[:, at] == solved.values(x)[:, :-1]).all()
            assert (found[:, placed.going :] == 0).all()


def expect_ends(trap: Trap, graph: PlacementGraph, shares: NDArray) -> list[NDArray[np.float64]]:
    """Return where an agent ends up from each state, as the page says it."""
    horizon = trap.horizon("shift")
    if trap.by_contact:
        return list(share_first_contacts(graph.successor, graph.find_contacts(), shares, horizon))
    found = []
    for x, paid in graph.paid.items():
        best = np.zeros(len(graph))
        for _ in range(horizon):
            worths = paid + trap.discount(x) * best[graph.successor]
            best[: graph.going] = worths.max(axis=0)
        most = best[: graph.going]
        got = expect_returns(graph.successor, paid, shares, horizon, trap.discount(x))
        found.append(np.divide(got, most, out=np.zeros_like(got), where=most != 0))
    return found


def test_probabilities_and_where_it_ends_up_are_exact(live: OpenPage) -> None:
    trap, gaps = live.trap, []
    for number in range(2):
        live.choose(number)
        graph = PlacementGraph(trap, live.start(number))
        shares = Shaded().act(trap.observe(graph.states.take(slice(0, graph.going))))
        every = "Array.from({ length: level.going }, (_, s) => game.agents[0].chances(level, s))"
        held = live.table(every).reshape(-1, 5)
        assert abs(held - shares).max() < 2e-7
        assert abs(held.sum(axis=1) - 1).max() < 2e-7
        found = live.table("level.outcomes(game.agents[0])").reshape(len(trap.objectives), -1)
        for got, wanted in zip(found, expect_ends(trap, graph, held), strict=True):
            assert abs(got[: graph.going] - wanted).max() < 1e-9
        # What three bytes leave out of the probabilities.
        wanted = expect_ends(trap, graph, shares)
        gaps += [abs(a[: graph.going] - b).max() for a, b in zip(found, wanted, strict=True)]
    print(f"{trap.name()}: where it ends up within {max(gaps):.1e}")
    assert max(gaps) < EXACT


# -- oracles -------------------------------------------------------------------------------------


def test_oracles_act_as_oracles_do(live: OpenPage) -> None:
    trap, horizon = live.trap, live.trap.horizon("shift")
    live.choose(1)
    start, rng = live.start(1), np.random.default_rng(1)
    placed = PlacementGraph(trap, start)
    # States of random walks at their own time, and any others when the time is nearly up.
    state, met = start, [start]
    for t in range(1, horizon):
        after, _, ended = trap.step(state, rng.integers(0, 5, 1))
        state = (start if ended[0] else after)._replace(clock=np.array([t]))
        if t % 6 == 0 or t == horizon - 1:
            met.append(state)
    for k in rng.choice(placed.going, 4).tolist():
        late = np.array([horizon - rng.integers(1, 12)])
        met.append(placed.states.take([k])._replace(clock=late))
    ranks = np.concatenate([StateNumbers(trap, start).rank(each) for each in met])
    numbers = np.searchsorted(placed.rank[: placed.going], ranks)
    left = [horizon - int(each.clock[0]) for each in met]
    pairs = list(zip(numbers.tolist(), left, strict=True))
    for i, x in enumerate(trap.objectives):
        code = f"(pairs) => pairs.map(([s, left]) => game.agents[{i + 1}].chances(level, s, left))"
        oracle = Oracle(trap, x, horizon)
        wanted = [oracle.act(np.empty(0), each)[0] for each in met]
        np.testing.assert_allclose(live.ask(code, pairs), wanted, atol=1e-12)


def test_where_an_oracle_ends_up_follows_from_its_plays(live: OpenPage) -> None:
    """Forwards from the start, where the page sweeps backwards from the end."""
    trap = live.trap
    if not trap.by_contact:
        return
    live.choose(1)
    solution = Solution(trap, live.start(1), trap.horizon("shift"))
    graph = solution.graph
    paid = np.stack([graph.payments[x][codes] for x, codes in graph.paid.items()])
    contact = paid > np.maximum(paid.max(axis=(1, 2), keepdims=True), 0) / 2
    contact &= np.cumsum(contact, axis=0) == 1
    for i, x in enumerate(trap.objectives):
        here, first = np.zeros(len(graph) + 1), np.zeros(len(trap.objectives))
        here[0] = 1
        for mask in solution.oracle(x):
            allowed = actions_in(mask)
            flow = (allowed / allowed.sum(axis=1, keepdims=True) * here[: len(mask), None]).T
            taken = contact[:, :, : len(mask)]
            first += (flow * taken).sum(axis=(1, 2))
            here = np.zeros(len(graph) + 1)
            onward = np.where(taken.any(axis=0), 0, flow)
            np.add.at(here, graph.successor[:, : len(mask)], onward)
            here[-1] = 0
        code = f"level.outcomes(game.agents[{i + 1}]).map((each) => each[level.start])"
        assert live.ask(code) == pytest.approx(first, abs=1e-9)


# -- planners --------------------------------------------------------------------------------------

PLANNED = ("CheeseCorner", "RedBlueDoors", "ColourShape", "KeysChests", "DustSweep", "CoinRun")
PLANNED_STATES = 90  # of each trap: 520 in all, each with 0, 1 and 2 edits
PLAN = """([states, edits]) => {
    const agent = game.agents[0];
    agent.edits.clear();
    agent.edit(-1, null);
    for (const [cell, worth] of edits) agent.edit(cell, worth);
    return states.map((s) => [agent.plan(level, s).worths, agent.chances(level, s)]);
}"""


@pytest.mark.parametrize("name", PLANNED)
def test_planners_plan_as_planners_do_with_and_without_edits(name: str, open_page) -> None:
    torch = pytest.importorskip("torch")
    library = pytest.importorskip("agents.library")
    trap, planner = find_trap(name)(), library.load(name, kind="planner")
    page = open_page(trap, planner)
    page.choose(1)
    graph, rng = PlacementGraph(trap, page.start(1)), np.random.default_rng(0)
    numbers = rng.choice(graph.going, min(PLANNED_STATES, graph.going), replace=False)
    states = graph.states.take(numbers)
    planes = trap.observe(states)
    walls = trap.layer(states.take([0]), "wall")[0].ravel()
    floor = rng.permutation(np.flatnonzero(~walls))
    deviation = np.zeros(2)
    for edits in ([], [(floor[0], 6.5)], [(floor[0], -3.0), (floor[1], 9.25)]):

        def change(seen: NDArray[np.uint8], edits: list[Any] = edits) -> NDArray[np.float32]:
            own = planner.objective(seen)
            added = np.zeros_like(own)
            for cell, worth in edits:
                at = (slice(None), *divmod(int(cell), trap.width))
                added[at] = np.float32(worth) - own[at]
            return added

        edited = planner.edited(utility=change)
        with torch.inference_mode():
            scores = edited(torch.from_numpy(planes)).double().numpy()
        worths = scores / edited.sharpness
        given = [[int(cell), float(worth)] for cell, worth in edits]
        answers = page.ask(PLAN, [numbers.tolist(), given])
        found = [np.array(each) for each in zip(*answers, strict=True)]
        shares = np.asarray(edited.act(planes))
        size = np.maximum(1, abs(worths))
        gaps = (abs(found[0] - worths) / size).max(), abs(found[1] - shares).max()
        deviation = np.maximum(deviation, gaps)
    print(f"{name}: worths within {deviation[0]:.1e}, probabilities {deviation[1]:.1e}")
    assert (deviation < EXACT).all()
