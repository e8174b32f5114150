"""Playgrounds and the lesson in headless Chromium: moves, exact values, walks, layers."""

import base64
import io
import os
import re

import gymnasium
import numpy as np
import pytest
from PIL import Image

from mesa_gym.files import write_text
from mesa_gym.logs import read_log, score_logs
from mesa_gym.pages.lesson import MOVED_CHEESE, NEW_ROOM, ROOMS, make_lesson
from mesa_gym.pages.playground import PAGE_TILE, Guest, list_levels, make_playground
from mesa_gym.policies import Memoryless, Oracle, as_policy
from mesa_gym.rendering import render_rgb
from mesa_gym.report import read_committed
from mesa_gym.scoring import rollout, score
from mesa_gym.scoring.plays import find_play
from mesa_gym.solver import (
    Graph,
    PlacementGraph,
    Solution,
    StateNumbers,
    TimeLeft,
    actions_in,
    share_first_contacts,
)
from mesa_gym.trained.library import load
from mesa_gym.traps import Split, find_trap
from tests.support.browsing import Tab, sync_api
from tests.support.parameters import LIVE, few
from tests.support.playgrounds import read_data
from tests.support.reference import find_contacts
from tests.support.worlds import cells_of

pytestmark = pytest.mark.thorough

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1000, "height": 500}
CANVAS, SAID = "#boards canvas", "#said"
# The first level of the shift on the pages of `playground`.
TRAP = find_trap("CheeseCorner")()
SHIFT = TRAP.levels("shift", [0])
START, (CHEESE,), CORNER = int(SHIFT.agent[0]), cells_of(TRAP, SHIFT, "cheese"), TRAP.width + 1
BELOW = START + TRAP.width  # the only way from the start, which ends at a crossing
# One whose things stay, one with hands, one with marks that move, one with dust on every cell.
SHOWN = ("CheeseDish", "KeysChests", "FollowMe", "DustVacuum")
FEW_LIVE = few(LIVE, *(trap for trap in LIVE if trap.__name__ in SHOWN))
# Rows of doubles as text.
TABLE = """(rows) => {
    const all = new Uint8Array(Float64Array.from(rows.flatMap((row) => [...row])).buffer);
    let text = "";
    for (let k = 0; k < all.length; k += 4096)
        text += String.fromCharCode(...all.subarray(k, k + 4096));
    return btoa(text);
}"""


def wait_until(page, code):
    """Wait until an expression holds; for pages that forbid `wait_for_function`."""
    while not page.evaluate(code):
        page.wait_for_timeout(20)


def stop_clock(page):
    """Let a page's time pass only as ``page.clock.run_for`` says."""
    page.clock.install(time=0)
    page.clock.pause_at(3600)


def read_picture(uri):
    """Return a picture, uint8 (height, width, 3)."""
    png = base64.b64decode(uri.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def start_of(trap, play, number):
    """Return the start of a level as a play has it, a batch of one."""
    chosen = find_play(trap, play)
    return chosen.change(trap.levels(chosen.split, [number]))


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

    def ask(self, code, args=None):
        return self.page.evaluate(code, args)

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
        self.page.locator("#agent").select_option(label=agent)

    def picture(self):
        """Return the first board as text."""
        return self.ask("boards[0].canvas.toDataURL()")

    def text(self, selector=SAID):
        return self.page.locator(selector).inner_text()


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
        pressed = self.page.locator("#layers button[aria-pressed=true]")
        while pressed.count():
            pressed.first.click()
        self.ask("layers.delete('pays')")  # small marks of what pays, which have no button


@pytest.fixture(scope="module")
def playground(tmp_path_factory):
    """A folder with a page of CheeseCorner with three agents, and one without.

    The agents are an oracle, a planner of the library, and one that acts at random and declares
    nothing.
    """
    folder = tmp_path_factory.mktemp("playground")
    policies = {"oracle": "oracle:cheese", "planner": load(TRAP, "ppo-planner")}
    policies |= {"restless": lambda obs: [[0.2] * 5] * len(obs)}
    guests = [Guest(name, policy) for name, policy in policies.items()]
    levels = list_levels(TRAP, None, [0, 1])
    page = make_playground(TRAP, levels, guests)
    write_text(folder / "board" / "page.html", page)
    write_text(folder / "board" / "alone.html", make_playground(TRAP, levels, []))
    return folder


@pytest.fixture
def visit(browser, playground):
    """A function that opens a page as a visitor does; it is closed at the end."""
    opened = []

    def open_page(address="page.html", **look):
        opened.append(Visit(browser, playground, address, **look))
        return opened[-1]

    yield open_page
    for page in opened:
        page.tab.close()


# -- moving ------------------------------------------------------------------------------------
def test_arrow_keys_scroll_until_the_board_focuses(visit):
    here = visit()
    here.page.keyboard.press("ArrowDown")
    wait_until(here.page, "scrollY > 0")
    assert here.steps == 0
    here.page.focus(CANVAS)
    scrolled = here.ask("scrollY")
    here.page.keyboard.press("ArrowDown")
    here.page.keyboard.press("Control+ArrowRight")
    here.draw()
    assert (here.steps, here.ask("scrollY")) == (1, scrolled)


def test_keys_step_undo_restart_and_place(visit):
    here = visit()
    here.press("ArrowDown", "ArrowDown", " ")
    assert (here.cell, here.steps) == (BELOW + TRAP.width, 3)
    here.press("Backspace", "Backspace")
    assert (here.cell, here.steps) == (BELOW, 1)
    # To put the agent elsewhere begins an episode.
    here.press("Shift+ArrowDown")
    assert (here.cell, here.steps) == (BELOW + TRAP.width, 0)
    here.press("ArrowUp", "Home")
    assert (here.cell, here.steps) == (START, 0)
    here.press("Backspace")
    assert (here.cell, here.steps) == (START, 0)


def test_taps_step_or_place_the_agent(visit):
    here = visit(viewport=PHONE)
    here.tap(BELOW)
    assert (here.cell, here.steps) == (BELOW, 1)
    here.tap(CORNER + 2)
    assert (here.cell, here.steps) == (CORNER + 2, 0)
    here.tap(0)  # a wall
    assert (here.cell, here.steps) == (CORNER + 2, 0)
    # On a thing it is the step into it.
    here.tap(CHEESE)
    assert (here.cell, here.steps) == (CHEESE, 1)
    assert "Paid: cheese +1. The episode ended. You went to cheese first." in here.text()
    here.tap(START)
    assert (here.cell, here.steps) == (START, 0)


def test_buttons_do_what_keys_do(visit):
    here = visit(viewport=PHONE)
    crossing = BELOW + TRAP.width
    for name, cell in (
        ("down", BELOW),
        ("down", crossing),
        ("right", crossing + 1),
        ("Wait", None),
    ):
        here.button(name).tap()
        assert cell in (here.cell, None)
    for name, cell in (("left", crossing), ("up", BELOW)):
        here.button(name).tap()
        assert here.cell == cell
    assert here.steps == 6
    here.button("Step back").tap()
    assert (here.cell, here.steps) == (crossing, 5)
    here.button("Start again").tap()
    assert (here.cell, here.steps) == (START, 0)
    boxes = [button.bounding_box() for button in here.page.locator("button:visible").all()]
    assert min(min(box["width"], box["height"]) for box in boxes) >= 44


def test_page_describes_board_for_screen_readers(visit):
    here = visit("alone.html")
    board, row, column = here.page.locator(CANVAS), START // TRAP.width, START % TRAP.width
    label, limit = board.get_attribute("aria-label"), TRAP.horizon(Split.SHIFT)
    assert label.startswith(f"The robot is in row {row}, column {column}. left: wall, below: floor")
    cheese = divmod(CHEESE, TRAP.width)
    assert f"cheese in row {cheese[0]}, column {cheese[1]}" in label
    here.tap(CORNER + 1)
    here.press("ArrowLeft")
    assert here.text() == f"Step 1 of {limit}. Paid: corner +1. You went to corner first."
    here.press(*[" "] * (limit - 1))
    assert here.text() == f"Step {limit} of {limit}. Time is up. You went to corner first."
    here.press("ArrowRight")
    assert here.steps == limit
    # In training both pay together.
    here.button("training, level 0").click()
    sync_api.expect(here.page.locator(SAID)).to_have_text(f"Step 0 of {limit}. ")
    here.tap(CORNER)
    text = "Paid: cheese +1, corner +1. The episode ended. You went to both at once."
    assert here.text() == f"Step 1 of {limit}. {text}"


def test_overlay_leaves_cells_of_shared_returns_blank(browser, tmp_path):
    """In training an oracle of DustSweep earns both objectives, under shift its own."""
    here = LivePage(browser, tmp_path, find_trap("DustSweep")(), ["oracle:clean"], [0])
    here.button("Where it ends up").click()
    painted = {}
    for number, (play, _) in enumerate(here.levels):
        here.choose(number)
        before = here.picture()
        here.button("Where it ends up").click()
        painted[play] = here.picture() != before
        here.button("Where it ends up").click()
    here.tab.close()
    assert painted["shift"]
    assert not painted["train"]


# -- levels, addresses, who moves ------------------------------------------------------------------
def test_address_restores_level_agent_and_mover(visit):
    here = visit()
    here.take("planner")
    here.button("shift, level 1").click()
    sync_api.expect(here.button("shift, level 1")).to_have_attribute("aria-pressed", "true")
    here.button("The agent").click()
    here.tap(CORNER + 1)
    address = here.page.url.split("#")[1]
    rank = here.ask("level.rank[level.world[boards[0].run.state]] * game.cells") + CORNER + 1
    assert address == f"level=shift:1&at={rank}&who=it&agent=1"
    picture = here.picture()
    here.page.reload()
    here.wait()
    assert (here.cell, here.steps, here.picture()) == (CORNER + 1, 0, picture)
    assert here.page.locator("#agent").evaluate("(box) => box.selectedOptions[0].text") == "planner"
    for name in ("shift, level 1", "The agent"):
        assert here.button(name).get_attribute("aria-pressed") == "true"
    # Another address in the same tab.
    here.ask("location.hash = 'level=training:0'")
    sync_api.expect(here.button("shift, level 0")).to_have_attribute("aria-pressed", "true")


def test_agent_plays_until_choice_then_end(visit):
    here = visit()
    here.button("The agent").click()
    stop_clock(here.page)
    here.button("Play").click()
    for _ in range(64):
        here.page.clock.run_for(200)
    assert here.cell == CHEESE
    assert "The agent went to cheese first" in here.text()
    here.button("Again").click()
    here.page.clock.run_for(200)
    assert (here.steps, here.button("Pause").count()) == (1, 1)
    # A visitor who presses a key takes over, from where the agent is.
    here.press("ArrowLeft", "ArrowRight")
    assert (here.steps, here.ask("mover")) == (3, "you")


def test_playground_shows_two_boards_to_compare(visit):
    here = visit(viewport=PHONE)
    here.button("Both, side by side").tap()
    assert here.page.locator("figcaption").all_inner_texts() == ["You", "The agent"]
    here.tap(START + 1, 0)
    stop_clock(here.page)
    here.button("Play").tap()
    here.page.clock.run_for(400)
    assert here.ask("boards.map((board) => board.run.t)") == [1, 2]
    assert "You: step 1 of" in here.text()
    assert "The agent: step 2 of" in here.text()
    assert here.ask("document.documentElement.scrollWidth") == 390
    here.button("Start again").tap()
    assert here.ask("boards.map((board) => board.run.t)") == [0, 0]
    here.button("You").tap()
    assert here.page.locator(CANVAS).count() == 1


# -- playground exact ------------------------------------------------------------------------------
EXACT = 1e-5


class Shaded(Memoryless):
    """Action probabilities that depend on the whole observation, from certain to uniform."""

    def act(self, observation, state=None):
        flat = observation.reshape(len(observation), -1).astype(np.float64)
        scores = flat @ np.random.default_rng(0).normal(size=(flat.shape[1], 5))
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module", params=FEW_LIVE, ids=lambda trap: trap.name())
def live(browser, tmp_path_factory, request):
    """A page of a trap: agent 0 is a function of observations, the others are oracles."""
    trap = request.param()
    oracles = [Oracle(trap, x, trap.horizon("shift")) for x in trap.objectives]
    page = LivePage(browser, tmp_path_factory.mktemp("page"), trap, [Shaded(), *oracles], [0])
    yield page
    page.tab.close()


def test_page_values_equal_the_solver(live):
    trap = live.trap
    for number, (play, _) in enumerate(live.levels[:3]):
        live.choose(number)
        start, horizon = live.start(number), find_play(trap, play).steps
        stepped, placed = Graph(trap, start), PlacementGraph(trap, start)
        at = np.searchsorted(placed.rank[: placed.going], stepped.rank)
        solved = TimeLeft(stepped, horizon)
        for i, x in enumerate(trap.objectives):
            values = live.table(f"level.values({i})").reshape(horizon + 1, -1)
            assert (values[:, at] == solved.values(x)[:, :-1]).all()
            assert (values[:, placed.going :] == 0).all()


def expect_ends(trap, graph, shares, horizon):
    """Return the page's outcomes of an agent from each state."""
    if trap.judging.places:
        return list(share_first_contacts(graph.successor, find_contacts(graph), shares, horizon))
    ends = []
    for x, pays in graph.paid.items():
        worth = np.zeros((2, len(graph)))
        for _ in range(horizon):
            best, mean = pays + trap.discount(x) * worth[:, graph.successor]
            worth[:, : graph.going] = best.max(axis=0), (shares.T * mean).sum(axis=0)
        most, got = worth[:, : graph.going]
        ends.append(np.divide(got, most, out=np.zeros_like(got), where=most != 0))
    return ends


def test_page_shares_and_outcomes_are_exact(live):
    trap, gaps = live.trap, []
    for number in range(2):
        live.choose(number)
        graph = PlacementGraph(trap, live.start(number))
        shares = Shaded().act(trap.observe(graph.states.take(slice(0, graph.going))))
        code = "Array.from({ length: level.going }, (_, s) => game.agents[0].chances(level, s))"
        held = live.table(code).reshape(-1, 5)
        assert abs(held - shares).max() < 2e-7
        assert abs(held.sum(axis=1) - 1).max() < 2e-7
        for left in (7, trap.horizon("shift")):
            outcomes = live.table(f"level.outcomes(game.agents[0], {left})")
            outcomes = outcomes.reshape(len(trap.objectives) + trap.judging.places, -1)
            for got, ends in zip(outcomes, expect_ends(trap, graph, held, left), strict=True):
                assert abs(got[: graph.going] - ends).max() < 1e-9
        # What three bytes leave out of the probabilities.
        ends = expect_ends(trap, graph, shares, trap.horizon("shift"))
        gaps += [abs(a[: graph.going] - b).max() for a, b in zip(outcomes, ends, strict=True)]
    print(f"{trap.name()}: where it ends up within {max(gaps):.1e}")
    assert max(gaps) < EXACT


def test_page_oracles_act_as_python_oracles(live):
    trap, horizon = live.trap, live.trap.horizon("shift")
    live.choose(1)
    start, rng = live.start(1), np.random.default_rng(1)
    placed = PlacementGraph(trap, start)
    # States of random walks at their own time, and any others when the time is nearly up.
    state, visited = start, [start]
    for t in range(1, horizon):
        after, _, ended = trap.step(state, rng.integers(0, 5, 1))
        state = (start if ended[0] else after)._replace(clock=np.array([t]))
        if t % 6 == 0 or t == horizon - 1:
            visited.append(state)
    for k in rng.choice(placed.going, 4).tolist():
        clock = np.array([horizon - rng.integers(1, 12)])
        visited.append(placed.states.take([k])._replace(clock=clock))
    ranks = np.concatenate([StateNumbers(trap, start).rank(y) for y in visited])
    numbers = np.searchsorted(placed.rank[: placed.going], ranks)
    left = [horizon - int(y.clock[0]) for y in visited]
    pairs = list(zip(numbers.tolist(), left, strict=True))
    for i, x in enumerate(trap.objectives):
        code = f"(pairs) => pairs.map(([s, left]) => game.agents[{i + 1}].chances(level, s, left))"
        oracle = Oracle(trap, x, horizon)
        answers = [oracle.act(np.empty(0), y)[0] for y in visited]
        np.testing.assert_allclose(live.ask(code, pairs), answers, atol=1e-12)


def test_page_oracle_outcomes_follow_from_plays(live):
    """The test goes forwards from the start; the page sweeps backwards."""
    trap = live.trap
    if not trap.judging.places:
        return
    live.choose(1)
    solution = Solution(trap, live.start(1), trap.horizon("shift"))
    graph = solution.graph
    pays = np.stack([graph.payments[x][codes] for x, codes in graph.paid.items()])
    contact = pays > np.maximum(pays.max(axis=(1, 2), keepdims=True), 0) / 2
    together = contact.sum(axis=0) > 1
    contact = np.concatenate([contact & ~together, together[None]])
    for i, x in enumerate(trap.objectives):
        here, first = np.zeros(len(graph) + 1), np.zeros(len(contact))
        here[0] = 1
        for mask in solution.oracle(x):
            allowed = actions_in(mask)
            flow = (allowed / allowed.sum(axis=1, keepdims=True) * here[: len(mask), None]).T
            reached = contact[:, :, : len(mask)]
            first += (flow * reached).sum(axis=(1, 2))
            here = np.zeros(len(graph) + 1)
            onward = np.where(reached.any(axis=0), 0, flow)
            np.add.at(here, graph.successor[:, : len(mask)], onward)
            here[-1] = 0
        code = f"level.outcomes(game.agents[{i + 1}]).map((each) => each[level.start])"
        assert live.ask(code) == pytest.approx(first, abs=1e-9)


# -- playground game -------------------------------------------------------------------------------
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
            self.state, payments, ended = self.trap.step(self.state, np.array([action]))
            pays = {x: float(pay[0]) for x, pay in payments.items()}
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
        plain = picture.copy()
        for cell in self.marked:
            row, column = np.array(divmod(cell, self.trap.width)) * PAGE_TILE
            plain[row : row + MARKED, column : column + PAGE_TILE] = 0
        return plain


@pytest.mark.parametrize("trap", FEW_LIVE, ids=lambda trap: trap.name())
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
                drawing = read_picture(live.picture())
                drawn = render_rgb(trap, episode.state, PAGE_TILE)[0]
                assert (episode.unmarked(drawing) == episode.unmarked(drawn)).all()
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


# -- layers ----------------------------------------------------------------------------------------
def test_playable_level_marks_cells_that_pay(visit):
    """Marks of both objectives are drawn before any layer is turned on."""
    here = visit()
    marked = here.picture()
    here.ask("layers.delete('pays') && boards[0].show(boards[0].run, layers, agent)")
    assert here.picture() != marked


def test_page_tints_cells_by_one_layer(visit):
    here = visit()
    here.take("planner")
    assert here.page.locator("[data-layer][aria-pressed=true]").count() == 0
    assert "takes cheese first" not in here.text()  # play comes before the answers
    for name in ("Its arrows", "Where it ends up"):
        here.button(name).click()
    pictures = {here.picture()}
    assert "Colours say what the agent takes first" in here.text("#legend")
    assert re.search(r"takes cheese first with \d+%, corner first with \d+%", here.text())
    here.page.locator("summary").click()
    for name in ("V* of cheese", "V* of corner", "Where it ends up"):
        here.button(name).click()
        pressed = here.page.locator("[data-layer][aria-pressed=true]").all_inner_texts()
        assert sorted(pressed) == sorted(["Its arrows", name])
        assert ("Colours say" in here.text("#legend")) == (name == "Where it ends up")
        pictures.add(here.picture())
    assert len(pictures) == 3
    for name in ("Its arrows", "Where it ends up"):
        here.button(name).click()
    assert here.page.locator("[data-layer][aria-pressed=true]").count() == 0


# -- looks and mishaps -----------------------------------------------------------------------------
def test_pages_are_no_wider_than_phones(visit):
    for address in ("page.html", "alone.html"):
        here = visit(address, viewport=PHONE)
        assert here.ask("document.documentElement.scrollWidth") == 390
        here.page.locator("summary").tap()
        if address == "page.html":
            here.take("planner")
            here.tap(CHEESE)
        assert here.ask("document.documentElement.scrollWidth") == 390
    assert not here.page.locator("#agent").is_visible()
    assert not here.button("The agent").is_visible()


def test_page_says_that_memory_is_undeclared(visit):
    here = visit()
    assert "not declared" not in here.text("#tried")
    here.take("restless")
    assert "Whether this agent remembers is not declared" in here.text("#tried")


def test_playground_name_cannot_become_markup(browser, playground):
    name = "</script><script>alert(1)</script>\x1b<b>bold</b>"
    guest = Guest(name, "stay", "<i>words</i>")
    page = make_playground(TRAP, [("shift", 0)], [guest])
    assert "<script>alert" not in page
    assert "\x1b" not in page
    write_text(playground / "board" / "named.html", page)
    here = Visit(browser, playground, "named.html")
    assert here.page.locator("b:text('bold'), i").count() == 0
    assert "<i>words</i>" in here.text("#legend")
    here.tab.close()


# -- lesson ----------------------------------------------------------------------------------------
ARROWS = ("ArrowLeft", "ArrowDown", "ArrowRight", "ArrowUp")


def test_lesson_shares_agree_with_fresh_plays(page):
    """150 levels: shares of the committed cards lie within four standard errors of new plays."""
    trap = find_trap("ColourShape")()
    everywhere = read_data(page)["everywhere"]
    for shares, policy in ((everywhere[0], "ppo:0"), (everywhere[-1], "random")):
        fresh = score(policy, trap, levels=150).splits["shift"]["choice"]
        for x, share in zip(trap.objectives, shares, strict=True):
            assert abs(fresh[x] - share) < 4 * np.sqrt(share * (1 - share) / 150)


@pytest.fixture(scope="module")
def page():
    return make_lesson()


@pytest.fixture(params=[390, pytest.param(1400, marks=pytest.mark.slow)])
def tab(browser, tmp_path, page, request):
    folder = tmp_path / "board"
    folder.mkdir()
    (folder / "lesson.html").write_text(page)
    look = {"viewport": {"width": request.param, "height": 844}, "reduced_motion": "no-preference"}
    tab = Tab(browser, tmp_path, **look)
    opened = tab.open("lesson.html")
    opened.wait_for_selector("body[data-ready]")
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth") == request.param
    tab.close()


def take(page, goal, room=NEW_ROOM, until="screen > 1 || board.run.first >= 0"):
    trap, (split, number) = find_trap("ColourShape")(), room
    oracle, limit = as_policy(f"oracle:{goal}", trap, trap.horizon(split)), trap.horizon(split)
    for action in rollout(oracle, trap, trap.levels(split, [number]), limit).actions[0].tolist():
        page.keyboard.press(ARROWS[action])
        if page.evaluate(until):
            return


def enter_new_room(page):
    """Find out what pays in three rooms, by keys alone, and go on."""
    for number, room in enumerate(ROOMS):
        take(page, "line", room, f"paid > {number}")
        text = page.inner_text("#said")
        assert f"+1. {number + 1} of 3" in text
        assert "yellow" not in text
        if number < 2:
            # The next room is another board, on which a step is taken again.
            wait_until(page, "board.run.t === 0")
    page.click("#next")


@pytest.mark.parametrize(
    ("tab", "goal", "text"),
    [(390, "line", "You went to the line"), (1400, "yellow", "what is yellow")],
    indirect=["tab"],
)
def test_lesson_compares_choices_with_trained_agents(tab, page, goal, text):
    enter_new_room(tab)
    assert "line" not in tab.inner_text("main")
    assert "yellow" not in tab.inner_text("main")
    take(tab, goal)
    assert text in tab.inner_text("#text")
    rows = [row.inner_text().split() for row in tab.query_selector_all("tbody tr, table tr")]
    robots = [row for row in rows if row and row[0].startswith("ppo:")]
    data = read_data(page)
    shares = [f"{round(100 * yellow)}%" for _, yellow in data["everywhere"][:3]]
    assert [row[-1] for row in robots] == shares
    (script,) = (row for row in rows if row[:2] == ["best", "script"])
    seeds = [card for card in read_committed("ppo") if card.trap == "ColourShape-v0"]
    nulls = [[x.nulls[name]["shift"]["choice"]["yellow"] for x in seeds] for name in seeds[0].nulls]
    assert script[-1] == f"{max(map(np.mean, nulls)):.0%}"


def test_lesson_text_matches_robot_and_planner(tab):
    tab.evaluate("turn(3)")
    tab.wait_for_selector("#said:has-text('empty corner')")
    tab.wait_for_selector("#next:not([disabled])")
    card = next(card for card in read_committed("ppo") if card.trap == "CheeseCorner-v0")
    share = card.read_each("shift", "choice")["corner"]
    assert f"{share:.0%}" in tab.inner_text("#said")
    best = max(null["shift"]["choice"]["corner"] for null in card.nulls.values())
    assert "the best script without a goal" in tab.inner_text("#said")
    assert f"in {best:.0%}." in tab.inner_text("#said")
    tab.click("#next")
    tab.wait_for_selector("#said:has-text('Click the red line')")
    cell = tab.evaluate("[...Array(81).keys()].find((cell) => board.names(cell).includes('line'))")
    box = tab.query_selector("canvas").bounding_box()
    side = box["width"] / 9
    tab.mouse.click(box["x"] + (cell % 9 + 0.5) * side, box["y"] + (cell // 9 + 0.5) * side)
    wait_until(tab, "board.run.first >= 0 || board.run.over")
    assert tab.evaluate("board.run.first") == 0  # the line, which it did not want before
    tab.wait_for_selector("#said:has-text('planned again, and went to the line')")
    assert "goal misgeneralization" in tab.inner_text("#end")


def test_lesson_robot_takes_cheese_only_in_passing(tab):
    """From each cell that is more blue than orange, a shortest way to the corner passes cheese."""
    trap, (split, number) = find_trap("CheeseCorner")(), MOVED_CHEESE
    level = trap.levels(split, [number])
    free = ~trap.layer(level, "wall")[0].reshape(trap.size)
    (cheese,) = map(tuple, np.argwhere(trap.layer(level, "cheese")[0].reshape(trap.size)))
    to_cheese, to_corner = (measure_ways(free, cell) for cell in (cheese, (1, 1)))
    shares = tab.evaluate("""(() => {
        const level = rooms.cheese[ROOMS], outcomes = level.outcomes(level.game.agents[0]);
        return [...Array(81).keys()].map((cell) => {
            const run = level.place(level.start, cell);
            return run && outcomes.slice(0, 2).map((each) => each[run.state]);
        });
    })()""")
    blue = [divmod(at, 9) for at, of in enumerate(shares) if of and of[0] > of[1]]
    assert 2 <= len(blue) <= 10
    ways_round = [x for x in blue if to_cheese[x] + to_cheese[1, 1] > to_corner[x]]
    assert ways_round == [(1, 1)]  # the corner itself, at which it cannot arrive any more


def measure_ways(free, goal):
    """Return the number of steps from each cell of a grid to a goal."""
    steps = np.where(free, np.inf, np.nan)
    steps[goal], queue = 0, [goal]
    for row, column in queue:
        for cell in ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)):
            if steps[cell] == np.inf:
                steps[cell] = steps[row, column] + 1
                queue.append(cell)
    return steps


def test_lesson_saves_choices_as_a_log(tab, tmp_path):
    enter_new_room(tab)
    take(tab, "yellow")
    tab.evaluate("element('end').hidden = false")
    with tab.expect_download() as download:
        tab.click("#save")
    download.value.save_as(tmp_path / "mine.jsonl")
    episodes, _ = read_log(tmp_path / "mine.jsonl")
    played = [("train", 0), ("train", 1), ("train", 2), ("shift", 1)]
    assert [(e.play, e.level) for e in episodes] == played
    (row,), notes = score_logs(episodes)
    assert (row.log.outcomes["shift"]["yellow"], row.policy, notes) == (1, "me", [])
