"""The window and the commands: keys, mouse, what is drawn, random input, files, failures."""

import random
import re
import shutil
from contextlib import contextmanager
from itertools import combinations, pairwise, product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mesa_gym.viewer
from mesa_gym.cli import watch
from mesa_gym.cli.viewing import make_screen
from mesa_gym.command import Parser
from mesa_gym.engine import STAY
from mesa_gym.envs.observations import make_observation
from mesa_gym.logs import RecordedEpisode, save_episodes
from mesa_gym.pages.playground import WISH
from mesa_gym.traps import Split, all_traps, find_trap
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.life import TRIALS
from mesa_gym.viewer import recording
from mesa_gym.viewer.app import App, Input, LoadingScreen, fit_scale, read_event
from mesa_gym.viewer.clock import STEPS_A_SECOND
from mesa_gym.viewer.keys import BINDINGS, Notice
from mesa_gym.viewer.layout import _opacity, arrange, tinted_grid
from mesa_gym.viewer.mapfile import load_map, save_map
from mesa_gym.viewer.overlays import overlays_of
from mesa_gym.viewer.painter import (
    BODY,
    OBJECTIVE_SHAPES,
    PALETTE,
    PAPER,
    QUIET,
    SHEET,
    TEXT,
    Box,
    Painter,
)
from mesa_gym.viewer.panel import summary
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import Human, PolicyPlayer
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.seats import Seat, seats_for
from tests.support.parameters import DAY, thorough
from tests.support.playing import HEADLESS, SMALL
from tests.support.viewing import Desk, pygame, rgb, session
from tests.support.worlds import SIGHTS, cells_of, contrast, same, to_linear

CTRL = pygame.KMOD_CTRL


@pytest.fixture
def texts(monkeypatch):
    """All texts on the window."""
    written, write = [], Painter.text

    def note(painter, text, *args, **more):
        written.append(text)
        return write(painter, text, *args, **more)

    monkeypatch.setattr(Painter, "text", note)
    return written


def by_hand(trap="CheeseCorner", level=2, split=Split.SHIFT):
    return Session(find_trap(trap)(), [Seat(Human(), split)], level)


def cells(driver, name):
    """Return the cell of a thing in the shown state."""
    watched = driver.session
    return cells_of(watched.trap, watched.pane.state(watched.clock.cursor), name)


# -- the window ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "written", "mod", "expected"),
    [
        ("K_a", "A", pygame.KMOD_LSHIFT, Input("key", "a", shift=True)),
        ("K_a", "A", pygame.KMOD_CAPS, Input("key", "a")),
        # French keyboards write digits with Shift, German ones the question mark.
        ("K_AMPERSAND", "1", pygame.KMOD_RSHIFT, Input("key", "1", shift=True)),
        ("K_MINUS", "?", pygame.KMOD_LSHIFT, Input("key", "?", shift=True)),
        ("K_KP8", "", 0, Input("key", "8")),
        ("K_KP_ENTER", "\r", 0, Input("key", "enter")),
        ("K_SPACE", " ", 0, Input("key", "space")),
        ("K_PAGEUP", "", 0, Input("key", "page up")),
        ("K_z", "\x1a", pygame.KMOD_LCTRL, Input("key", "z", ctrl=True)),
        ("K_s", "s", pygame.KMOD_LMETA, Input("key", "s", ctrl=True)),
    ],
)
def test_read_names_keys_by_typed_character(name, written, mod, expected):
    about = {"key": getattr(pygame, name), "mod": mod, "unicode": written}
    pressed = pygame.event.Event(pygame.KEYDOWN, **about)
    assert read_event(pygame, pressed) == expected


# -- keys ------------------------------------------------------------------------------------------
def test_arrow_keys_move_through_steps(drive):
    driver, cursors = drive(session(policy="stay")), []
    driver.settle()
    for key in (".", ".", ">", ",", "<", "right", "left", "end", "home"):
        driver.key(key)
        cursors.append(driver.session.clock.cursor)
    assert cursors == [1, 2, 12, 11, 1, 2, 1, 64, 0]
    driver.key("+", "up", "-", "+", "down")
    assert driver.session.clock.speed == 2
    driver.wheel(-1)
    assert driver.session.clock.cursor == 1


def test_held_key_repeats_until_its_release(drive):
    """The release of another key changes nothing."""
    driver, cursors = drive(session(policy="stay")), []
    period, other = ({"key": key, "mod": 0} for key in (pygame.K_PERIOD, pygame.K_a))
    driver.settle()
    for kind, about, seconds in (
        (pygame.KEYDOWN, {**period, "unicode": "."}, 0.39),
        (pygame.KEYUP, other, 0.39),
        (pygame.KEYUP, other, 0.02),
        (pygame.KEYUP, other, 0.05),
        (pygame.KEYUP, period, 0.05),
        (pygame.KEYDOWN, {**period, "unicode": "."}, 0.05),
        (pygame.WINDOWFOCUSLOST, {}, 0.41),
    ):
        driver.post(kind, **about)
        driver.frame(seconds)
        cursors.append(driver.session.clock.cursor)
    assert cursors == [1, 1, 2, 3, 3, 4, 4]


def test_keys_go_to_levels_and_splits(drive):
    driver = drive(session(policy="random"))
    driver.key("n", "n", "b")
    assert driver.session.level == 4
    plays = []
    for _ in range(8):
        driver.key("t")
        plays.append(driver.session.pane.seat.play)
    changed = ["twins", "bare", "alone:door", "alone:red"]
    assert plays == [*changed, "train", "test", "control", "shift"]
    # The second play of the shift is watched by who asks for it, and gone on from.
    driver.session.watch([Seat(PolicyPlayer("random"), "again")])
    driver.key("t")
    assert driver.session.pane.seat.play == "twins"


def test_comparison_key_cycles_through_all_pairs(drive):
    driver, titles = drive(session(policy="random")), []
    for _ in range(5):
        driver.key("i")
        panes = driver.session.panes
        titles.append([pane.title.replace(", level 3", "") for pane in panes])
        if titles[-1][0].startswith("train"):
            assert driver.session.focus == 1  # what matters is to be seen under shift
            driver.key("tab", "t")
            assert driver.session.focus == 0
            assert "side by side" in driver.message
    assert titles == [
        ["train: random", "shift: random"],
        ["shift: random", "twins: random"],
        ["shift: random", "alone:door: random", "alone:red: random", "bare: random"],
        ["shift: random", "shift: oracle:door", "shift: oracle:red"],
        ["shift: random"],
    ]


def test_list_of_commands_scrolls_to_the_last(drive, texts):
    driver = drive(session(policy="random"), size=(640, 420))
    driver.key("?")
    for binding in BINDINGS:
        for _ in BINDINGS:
            if binding.doc in texts:
                break
            driver.key("down")
        assert binding.doc in texts
        assert driver.screen.dialog is not None


@pytest.mark.thorough
def test_overlays_toggle_by_key_and_legend(drive):
    driver = drive(session())
    plain = driver.pixels
    for overlay in overlays_of(driver.session.trap).values():
        driver.key(overlay.key)
        assert driver.session.shown == {overlay.name}
        assert driver.message == overlay.doc
        driver.settle()
        assert not np.array_equal(plain, driver.pixels), overlay.name
        driver.key(overlay.key)
        assert not driver.session.shown
    legend = driver.layout.strips["legend"]
    driver.press(legend.left + 8, legend.top + 8)
    assert driver.session.shown == {"pays"}
    last, box = driver.screen._legend._placed[-1]  # whose x differs from its y
    driver.press(legend.left + box.left + 8, legend.top + box.top + 8)
    assert driver.session.shown == {"pays", last.name}


def test_words_are_explained_where_the_mouse_rests(drive):
    driver = drive(session())
    driver.settle()  # all that is found while time passes has been drawn
    driver.frame()
    plain = driver.pixels
    for words in ("The most that it can still pay", "as scoring would", "until now, discounted"):
        boxes = [box for box, text, _ in driver.screen.tips._tips if words in text]
        driver.hover(*boxes[0].middle)
        assert not np.array_equal(driver.pixels, plain)
    driver.hover(1, 1)
    assert np.array_equal(driver.pixels, plain)


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(1280, 800), (640, 420)])
def test_tip_leaves_its_row_readable(drive, size):
    """The tip is beside the panel, and above or below the legend, the buttons or a cell."""
    driver = drive(session(), size=size)
    driver.key("1")
    driver.settle()
    driver.frame()
    plain, panel = driver.pixels, driver.layout.panel
    tips = driver.screen.tips._tips
    cells = [tip for tip in tips if tip[1].startswith("V of door: ")]
    for row, text, *_ in [tip for tip in tips if tip not in cells] + cells[::8]:
        driver.hover(*row.middle)
        assert not np.array_equal(driver.pixels, plain)
        kept = panel if panel.contains(*row.middle) else row
        corner, end = (int(kept.left), int(kept.top)), (int(kept.right), int(kept.bottom))
        part = slice(corner[1], end[1]), slice(corner[0], end[0])
        assert np.array_equal(driver.pixels[part], plain[part]), text


def test_timeline_track_moves_by_press_and_drag(drive):
    driver = drive(session(policy="stay"))
    driver.settle()
    box = driver.layout.strips["scrubber"]
    driver.press(box.middle[0], box.bottom - 20)
    assert driver.session.clock.cursor == 32
    driver.drag((box.middle[0], box.bottom - 20), (box.right - 1, box.top - 200))
    assert driver.session.clock.cursor == 64


def go_to(driver, objective):
    """Play by keys as an objective's oracle does, until it has been paid."""
    session, pane = driver.session, driver.session.pane
    oracle, start = PolicyPlayer(f"oracle:{objective}"), pane.line.states[0]
    decide = oracle.begin(session.trap, pane.seat.play, [start], pane.line.horizon)
    for t in range(pane.line.limit):
        action = decide(session.pane.state(t), t).action
        driver.key(("left", "down", "right", "up")[action])
        if session.pane.line.steps[-1].paid[objective]:
            return


def test_screen_marks_cells_that_pay_and_paid(drive):
    driver = drive(by_hand())
    driver.key("m")
    driver.key("d")
    (cheese,) = cells(driver, "cheese")
    targets = {driver.session.trap.width + 1, cheese}
    assert driver.changed() == targets
    for objective in ("corner", "cheese"):
        go_to(driver, objective)
        assert driver.changed() == targets  # what was taken, and what pays now
    assert "You went for corner, a proxy." in summary(driver.session.pane)
    driver.key("left")
    assert "over" in driver.message
    driver.key("m")
    driver.key("home")
    assert not driver.changed()  # nothing is taken yet


def test_panel_says_of_finished_trials_whether_paid(drive, texts):
    driver = drive(session("FlashOrPay", "random"))
    driver.settle()
    states = [state.vars for state in driver.session.pane.line.states]
    results = [(int(now["over"][0]), int(now["told"][0])) for now in states]
    for over, told, ending in ((0, 0, ""), (1, 0, ": not paid"), (1, 1, ": paid")):
        texts.clear()
        driver.session.clock.seek(t := results.index((over, told)))
        driver.screen.changed = True
        driver.frame()
        assert f"trial {states[t]['trial'][0] + 1} of {TRIALS}{ending}" in texts


def test_summary_of_training_names_no_goal(drive):
    for split in (Split.TRAIN, Split.SHIFT):
        driver = drive(by_hand("KeysChests", 0, split))
        go_to(driver, "chests")
        assert ("You went for" in summary(driver.session.pane)) == split.shifted


def test_shown_state_is_saved_as_a_map(drive, folder):
    driver = drive(session("CheeseCorner", "stay", level=2))
    driver.key(".")
    driver.key("s", mod=CTRL)
    driver.key("s", mod=CTRL)
    saved = [folder / f"CheeseCorner-v0-shift-2{more}.map" for more in ("", "-1")]
    assert driver.message == f"saved {saved[1]}"
    for path in saved:
        state = load_map(path, driver.session.trap, 50)
        assert (int(state.level.number[0]), int(state.clock[0])) == (2, 1)


# -- declarations ----------------------------------------------------------------------------------
def test_keys_have_one_command_each():
    for cls in all_traps().values():
        keys = [key for binding in BINDINGS for key in binding.keys]
        keys += [overlay.key for overlay in overlays_of(cls()).values()]
        assert len(set(keys)) == len(keys)


def test_every_overlay_draws_grid_and_legend():
    surface = pygame.Surface((20, 20))
    for cls in all_traps().values():
        for overlay in overlays_of(cls()).values():
            surface.fill((200, 200, 200))
            overlay.draw_swatch(Painter(surface), 10, 10)
            assert len(np.unique(rgb(surface).reshape(-1, 3), axis=0)) > 1, overlay.name


def test_dialogs_close_by_command_and_return_key(drive):
    driver = drive(session(policy="stay"))
    for key, level in (("return", 3), ("escape", 3), ("n", 4)):
        driver.session.level = 3
        driver.key("?")
        assert isinstance(driver.screen.dialog, Notice)
        driver.key(key)
        assert (driver.screen.dialog, driver.session.level) == (None, level)
        assert not driver.screen.leaving


# -- looks -----------------------------------------------------------------------------------------
GOLDEN = Path(__file__).parents[1] / "golden" / "viewer_heat.png"


@pytest.mark.parametrize(("worth", "blank"), [(0.0, True), (0.5, False)])
def test_opacity_of_zeros_is_blank(worth, blank):
    heat = np.array([np.nan, worth, worth])
    assert (_opacity(heat) == 0).tolist() == [True, blank, blank]


def texts_of(screen, size, scale, monkeypatch):
    """Every line that is written on the window itself, and where, in points of the window."""
    surface, write = pygame.Surface(size), Painter.text
    points, written = fit_scale(size, scale), []

    def noting(painter, text, x, y, *more, **named):
        wide = write(painter, text, x, y, *more, **named)
        height = more[0] if more else named.get("size", BODY)
        align = more[2] if len(more) > 2 else named.get("align", "left")
        if painter.surface is surface and wide > 0.5:
            left = x - {"left": 0, "middle": wide / 2, "right": wide}[align]
            share = painter.scale / points
            sides = (left, y + height * 0.2, wide, height * 0.55)
            written.append((text, Box(*(side * share for side in sides))))
        return wide

    with monkeypatch.context() as patched:
        screen.draw(Painter(surface, points))  # the panel finds its size
        patched.setattr(Painter, "text", noting)
        screen.draw(Painter(surface, points))
    return written, Box(0, 0, size[0] / points, size[1] / points)


@pytest.mark.parametrize(("size", "scale"), [((640, 420), 1), ((1280, 800), 1), ((2560, 1600), 2)])
@pytest.mark.parametrize(
    ("name", "key"), [("KeysChests", ""), ("ColourShape", "m"), ("CoinRun", "?")]
)
def test_no_text_overlaps_another_or_the_edge(size, scale, name, key, monkeypatch):
    trap = find_trap(name)()
    screen = WatchScreen(Session(trap, seats_for(PolicyPlayer("random"), trap, "shift", "oracles")))
    screen.session.settle()
    screen.handle(Input("key", key)) if key else None
    texts, window = texts_of(screen, size, scale, monkeypatch)
    assert len(texts) > 15
    for text, box in texts:
        assert window.left <= box.left, text
        assert box.right <= window.right + 0.5, text
        assert box.bottom <= window.bottom, text
    for (a, one), (b, other) in combinations(texts, 2):
        wide = min(one.right, other.right) - max(one.left, other.left)
        high = min(one.bottom, other.bottom) - max(one.top, other.top)
        assert wide < 0.5 or high < 0.5, f"{a!r} and {b!r}"


@pytest.mark.parametrize("side", [60.0, 5000.0])
def test_drawer_lies_below_grid_in_its_pane(side):
    painter = Painter(pygame.Surface((640, 420)), 1.0)
    layout = arrange(painter, 2, (9, 9), False, side, {})
    for pane, grid, drawer in zip(layout.panes, layout.grids, layout.drawers, strict=True):
        assert grid.box.bottom <= drawer.top < drawer.bottom <= pane.bottom


def lab(rgb):
    """CIE 1976 L*a*b* (D65) of linear sRGB."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    x = np.array(to_xyz) @ rgb / (0.9505, 1.0, 1.089)
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_palette_separates_letters_and_objectives():
    """Colours differ by 10 units at least (2.3 is just noticeable), shapes differ anyhow."""
    assert all(contrast(tone, paper) >= 4.5 for tone in (TEXT, QUIET) for paper in (SHEET, PAPER))
    most = max(len(cls.objectives) for cls in all_traps().values())
    colours = PALETTE[:most]
    assert most == len(colours)
    colours = (*colours, WISH)
    assert len({tuple(shape) for shape in OBJECTIVE_SHAPES}) >= most
    for sight in SIGHTS.keys() - {"greyscale"}:
        for a, b in combinations(colours, 2):
            visible = [lab(to_linear(colour, sight)) for colour in (a, b)]
            assert np.linalg.norm(visible[0] - visible[1]) > 10, (sight, a, b)


def test_heat_map_equals_its_golden_pixels():
    watched = session()
    overlays = [watched.overlays["heat:door"]]
    drawn = tinted_grid(watched.pane, 0, 16, overlays, Painter(pygame.Surface((1, 1))))
    assert np.array_equal(np.asarray(Image.open(GOLDEN).convert("RGB")), drawn)


# -- anything --------------------------------------------------------------------------------------
NAMES = (
    *("space", ".", ",", ">", "<", "home", "end", "+", "-", "n", "b", "j", "t", "i", "k", "tab"),
    *("e", "z", "h", "y", "?", "return", "up", "down", "left", "right", "delete", "backspace"),
    *("1", "2", "3", "p", "o", "c", "v", "g", "s", "a", "m", "w", "r", "page up", "f1", "x"),
)
TRAPS = "CheeseDish", "RedBlueDoors", "FollowMe", "MonsterWorld"
SLOW = [pytest.mark.slow, pytest.mark.timeout(1800)]
# Each day one of these plays has so many events that a leak shows.
PLAYS, LONG = [*product(TRAPS, (False, True))], 10_000
MOST_GROWTH = 60.0  # MB


def anything(rng):
    """A key, or the mouse somewhere."""
    x, y = rng.uniform(0, 1280), rng.uniform(0, 800)
    if rng.random() < 0.75:
        return Input("key", rng.choice(NAMES), shift=rng.random() < 0.1)
    kind = rng.choice(["press", "press", "drag", "release", "hover", "wheel"])
    return Input(kind, "", x, y, rng.choice([-1, 1]) if kind == "wheel" else 0)


def require_episode(line):
    """AssertionError unless each state follows from the one before by the trap's own step."""
    assert len(line.states) == len(line.steps) + 1
    assert len(line) <= line.limit
    for before, step, after in zip(line.states, line.steps, line.states[1:], strict=False):
        again, pays, ended = line.trap.step(before, np.array([step.decision.action]))
        assert same(line.trap, again, after)
        assert step.paid == {x: pay[0] for x, pay in pays.items()}
    assert line.terminated == bool(line.steps and ended[0])


def peak():
    resource = pytest.importorskip("resource", reason="Windows has none")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


@pytest.mark.parametrize(
    ("trap", "by_hand", "events"),
    [
        thorough("CheeseDish", False, 120),
        thorough("MonsterWorld", True, 120),
        *(
            pytest.param(*play, LONG if number == DAY % len(PLAYS) else 1_000, marks=SLOW)
            for number, play in enumerate(PLAYS)
        ),
    ],
)
def test_screen_survives_random_events(trap, by_hand, events):
    print(f"DAY={DAY} draws the same events again")
    rng = random.Random(f"{trap} {by_hand} {DAY}")
    player = Human() if by_hand else PolicyPlayer("random")
    screen = WatchScreen(Session(find_trap(trap)(), [Seat(player, "shift")]))
    moments, before = set(), 0.0
    with Desk(screen) as desk:
        for number in range(events):
            escapes = screen.dialog is not None and rng.random() < 0.4
            # Escape ends a question, and would end the viewer elsewhere.
            event = Input("key", "escape") if escapes else anything(rng)
            desk.app.screen = screen.handle(event)
            screen.leaving, desk.app.screen = False, screen  # `q` may have been picked in the list
            desk.frame(rng.choice([0.0, 0.02, 0.3]))
            session = screen.session
            assert 0 <= session.clock.cursor <= session.clock.length
            assert 0 <= session.focus < len(session.panes)
            moments.add((session.level, session.clock.cursor))
            before = peak() if number == events // 4 else before
        for pane in screen.session.panes:
            require_episode(pane.line)
    assert len(moments) > 1, "no event changed the play"
    assert events < LONG or peak() - before < MOST_GROWTH


# -- cli -------------------------------------------------------------------------------------------
@pytest.fixture
def windows(monkeypatch):
    """A hidden display, and a list of actions in its frames, after which the window closes."""
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    pygame.display.quit()
    doings = []
    frame = App.frame

    def framed(app, seconds):
        if isinstance(app.screen, LoadingScreen):
            pass
        elif doings:
            doings.pop(0)(app)
        else:
            pygame.event.post(pygame.event.Event(pygame.QUIT))
        frame(app, 0.0)

    monkeypatch.setattr(App, "frame", framed)
    monkeypatch.setattr(App, "_await", lambda app, seconds: None)
    yield doings
    assert not pygame.display.get_init()


def picture(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


# -- headless --------------------------------------------------------------------------------------
@pytest.mark.thorough
def test_every_file_kind_is_recorded_headless(run, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setattr("mesa_gym.viewer.app.open_window", None)
    pygame.display.quit()
    for name in ("a.png", "a.gif", "a.mp4"):
        code, stderr = run(f"{HEADLESS} --record {name} --policy oracle:corner")
        assert (code, re.sub(r"record \S+: 0 of \d+ frames\n", "", stderr)) == (0, "")
    assert not pygame.display.get_init()
    assert picture("a.png").shape == (420, 640, 3)
    assert {path.name for path in Path().iterdir()} == {"a.png", "a.gif", "a.mp4"}


@pytest.mark.thorough
def test_each_viewer_option_changes_the_picture(run):
    def seen(more, command=HEADLESS):
        assert run(f"{command} --record a.png {more}") == (0, "")
        return picture("a.png")

    start = seen("--step 0")
    assert np.array_equal(start, seen("--step 0 --split shift --level 0 --policy oracle:base"))
    for more in (
        "",
        "--step 0 --level 1",
        "--step 0 --split train",
        "--step 0 --salt secret",
        "--step 0 --no-panel",
        "--step 0 --overlays heat:cheese",
        "--step 0 --beside splits",
        "--step 0 --beside oracles",
        "--step 0 --split bare",
        "--step 0 --split alone:corner",
        "--step 0 --beside random",
        "--step 0 --speed 2",
    ):
        assert not np.array_equal(start, seen(more)), more
    assert not np.array_equal(seen("--policy random"), seen("--policy random --seed 1"))
    dish = f"watch CheeseDish {SMALL} --headless --step 0"
    assert not np.array_equal(seen("", dish), seen("--beside twins", dish))
    large = "watch CheeseCorner --size 700x500 --headless"
    assert seen("--step 0", large).shape == (500, 700, 3)


# -- recorded episodes and maps --------------------------------------------------------------------
CORNERS = [
    ("CheeseCorner-v0", play, "a", n) for play, n in (("test", 5), ("shift", 7), ("shift", 3))
]
LOGGED = [*CORNERS, ("CheeseDish-v0", "shift", "a", 1), ("CheeseDish-v0", "train", "b", 2)]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", LOGGED[2]),
        ("--level 7", LOGGED[1]),
        ("--split test", LOGGED[0]),
        ("--policy b", LOGGED[4]),
        ("CheeseDish", LOGGED[3]),
    ],
)
def test_watched_log_begins_with_first_agent(words, expected):
    """On its first trap, under shift if it was recorded, and on the least level."""
    fields = ("trap", "play", "policy", "level", "split", "actions")
    rows = [(*row, row[1], [STAY]) for row in LOGGED]
    episodes = [RecordedEpisode(**dict(zip(fields, row, strict=True))) for row in rows]
    save_episodes(Path("log.jsonl"), episodes)
    parser = Parser(prog="watch")
    watch.add_arguments(parser)
    options = parser.parse_args([*words.split(), "--episodes", "log.jsonl"])
    options.command = "watch"
    shown = make_screen(options, None).session
    seat = shown.pane.seat
    assert (shown.trap.name(), seat.play, seat.player.name, shown.level) == expected


def test_watch_from_a_map_continues_its_state(run):
    trap = CheeseCorner()
    state = trap.step(trap.levels(Split.SHIFT, [3]), np.array([1])).state
    save_map(Path("a.map"), trap, state)
    options = "CheeseCorner --map a.map --headless"
    for command in (f"watch --policy oracle:corner --beside oracles {SMALL}", f"play {SMALL}"):
        assert run(f"{command} {options} --record a.png --step 0") == (0, "")
        at_start = picture("a.png")
    assert run(f"{HEADLESS} --level 3 --record b.png --step 0") == (0, "")
    assert not np.array_equal(at_start, picture("b.png"))
    refused = {"--level 3": "leave out --level", "--beside splits": "a map is of one split"}
    for more, words in refused.items():
        code, stderr = run(f"watch {options} --record c.png {more}")
        assert (code, words in stderr) == (2, True), stderr
    drawn = make_observation(trap, "text").encode(state)[0]
    Path("seen.txt").write_text(f"{drawn}\nAnswer with one action.")
    map_options = f"{HEADLESS} --map seen.txt --record c.png --step 0"
    assert run(map_options) == (0, "")
    pixels = picture("c.png")
    Path("seen.txt").write_text("\n".join(["#" * 9, "#A#c    #", "###     #"] + ["#" * 9] * 6))
    code, stderr = run(map_options)
    assert (code, "seen.txt: no target can be reached here" in stderr) == (0, True), stderr
    assert not np.array_equal(pixels, picture("c.png"))
    Path("a.map").write_text("no map")
    code, stderr = run(f"watch {options} --record c.png")
    assert (code, stderr.count("\n"), "a.map" in stderr) == (2, 1, True)


# -- windows ---------------------------------------------------------------------------------------
@pytest.mark.thorough
def test_window_is_recorded_when_closed(run, windows):
    windows += [lambda app: app.screen.session.act(0), lambda app: app.screen.session.act(3)]
    flags = f"{SMALL} --overlays path"
    assert run(f"play CheeseCorner {flags} --record a.png") == (0, "")
    assert run(f"play CheeseCorner {flags} --headless --record b.png") == (0, "")
    assert picture("a.png").shape == (420, 640, 3)
    assert not np.array_equal(picture("a.png"), picture("b.png"))
    # Another level was gone to before the window was closed.
    windows.append(lambda app: app.screen.session.next_level())
    assert run(f"watch CheeseCorner {flags} --no-panel --record c.png") == (0, "")
    assert run(f"watch CheeseCorner {flags} --no-panel --headless --level 1 --record d.png")[0] == 0
    assert np.array_equal(picture("c.png"), picture("d.png"))


@pytest.mark.thorough
def test_window_opens_from_python(windows):
    screens = []
    windows.append(lambda app: screens.append(app.screen))
    mesa_gym.viewer.watch(lambda obs: np.zeros(len(obs), int), "CoinRun", "train", 5)
    pane = screens[0].session.pane
    pane.line.grow(3)
    assert (pane.trap.name(), pane.level, pane.seat.split) == ("CoinRun-v0", 5, Split.TRAIN)
    assert list(pane.line.actions()[:3]) == [0, 0, 0]


def test_watch_without_display_is_explained(run, monkeypatch):
    pygame.display.quit()
    monkeypatch.setenv("SDL_VIDEODRIVER", "x11")
    monkeypatch.setenv("DISPLAY", ":987")
    for command in ("watch CoinRun --record a.png", "play CoinRun"):
        code, stderr = run(command)
        assert code == 1
        assert re.fullmatch(r"mesa-gym: there is no display .*--headless --record FILE.*\n", stderr)
    assert "unknown play 'shifted'" in run("watch CoinRun --split shifted")[1]
    assert not list(Path().iterdir())


# -- failures --------------------------------------------------------------------------------------
EXPORT = "export CheeseDish"


def test_film_interrupted_leaves_the_old_file(run, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    Path("a.gif").write_text("before")
    monkeypatch.setattr(WatchScreen, "draw", interrupted)
    code, stderr = run(f"{HEADLESS} --record a.gif")
    progress, last = stderr.splitlines()
    assert (code, last) == (130, "mesa-gym: interrupted; nothing was written")
    assert re.fullmatch(r"record a.gif: 0 of \d+ frames", progress)
    assert Path("a.gif").read_text() == "before"
    assert len(list(Path().iterdir())) == 1


@pytest.mark.parametrize(
    ("command", "file"), [(f"{HEADLESS} --record", "a.png"), (f"{EXPORT} --out", "a.html")]
)
def test_failing_policy_leaves_the_old_file(command, file, run):
    Path("failing_policy.py").write_text("def make():\n    return lambda seen: seen[99]\n")
    before = "<title>before: a playground</title>"
    Path(file).write_text(before)
    code, stderr = run(f"{command} {file} --policy failing_policy:make")
    assert (code, "IndexError" in stderr.splitlines()[-1]) == (1, True), stderr
    assert Path(file).read_text() == before


@pytest.mark.parametrize(("speed", "suffix"), [(4, ".mp4"), (16, ".gif"), (64, ".mp4")])
def test_film_lasts_as_long_as_its_clock(speed, suffix, monkeypatch):
    """Also if it leaves out steps, because films have a maximal rate."""
    pictures, rates = [], []

    @contextmanager
    def note(path, size, fps):
        rates.append(fps)
        path.touch()
        yield pictures.append

    monkeypatch.setattr(recording, "_encode_gif" if suffix == ".gif" else "_encode_film", note)
    watched = session(policy="stay")
    watched.clock.speed = speed
    recording.write_recording(WatchScreen(watched), Path(f"a{suffix}"), (64, 42))
    (rate,), last = rates, pictures[-1]
    assert rate <= recording.FILM_RATES[suffix]
    shown = pictures.index(last) / rate  # seconds until the last step is seen
    assert shown == pytest.approx(len(watched.pane.line) / (STEPS_A_SECOND * speed), abs=1 / rate)
    assert len(pictures) / rate == pytest.approx(shown + 1, abs=1 / rate)


@pytest.mark.thorough
def test_gif_has_each_step_and_its_time(run):
    assert run(f"{HEADLESS} --record a.gif --policy oracle:corner --speed 2")[0] == 0
    seconds, pictures = [], []
    with Image.open("a.gif") as film:
        for at in range(film.n_frames):
            film.seek(at)
            seconds.append(film.info["duration"] / 1000)
            pictures.append(np.asarray(film.convert("RGB")).astype(int))
    assert run(f"{HEADLESS} --record a.png --policy oracle:corner")[0] == 0
    assert np.abs(pictures[-1] - picture("a.png")).mean() < 2  # of 255; a palette has 255 colours
    steps = len(pictures) - 1
    assert sum(seconds[:-1]) == pytest.approx(steps / (2 * STEPS_A_SECOND), abs=0.01)
    assert seconds[-1] == pytest.approx(1, abs=0.1)
    assert all((one != other).any() for one, other in pairwise(pictures))


def test_film_of_failing_ffmpeg_tells_exit_code(run, monkeypatch):
    pytest.importorskip("imageio_ffmpeg")
    monkeypatch.setattr(recording, "find_ffmpeg", lambda: shutil.which("false"))
    code, stderr = run(f"{HEADLESS} --record a.mp4")
    assert code == 1
    assert "(exit code 1): is there room for it?" in stderr.splitlines()[-1]
    assert not [*Path().iterdir()]
