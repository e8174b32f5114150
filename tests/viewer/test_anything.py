"""Random input in any order raises no error, and the screen shows an episode."""

import random
from itertools import product

import numpy as np
import pytest

from mesa_gym.traps import find_trap
from mesa_gym.viewer.app import Input
from mesa_gym.viewer.playback import Session
from mesa_gym.viewer.players import Human, PolicyPlayer
from mesa_gym.viewer.screen import WatchScreen
from mesa_gym.viewer.seats import Seat
from tests.support.edited import same
from tests.support.parameters import thorough
from tests.support.viewing import Desk

resource = pytest.importorskip("resource", reason="Windows has none")
NAMES = (
    *("space", ".", ",", ">", "<", "home", "end", "+", "-", "n", "b", "j", "t", "i", "k", "tab"),
    *("e", "z", "h", "y", "?", "return", "up", "down", "left", "right", "delete", "backspace"),
    *("1", "2", "3", "p", "o", "c", "v", "g", "s", "a", "m", "w", "r", "page up", "f1", "x"),
)
TRAPS = "CheeseDish", "RedBlueDoors", "FollowMe", "MonsterWorld"
SLOW = [pytest.mark.slow, pytest.mark.timeout(1800)]
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
        again, paid, ended = line.trap.step(before, np.array([step.decision.action]))
        assert same(line.trap, again, after)
        assert step.paid == {x: pay[0] for x, pay in paid.items()}
    assert line.terminated == bool(line.steps and ended[0])


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


@pytest.mark.parametrize(
    ("trap", "by_hand", "events"),
    [
        thorough("CheeseDish", False, 120),
        thorough("MonsterWorld", True, 120),
        *(pytest.param(*each, 10_000, marks=SLOW) for each in product(TRAPS, (False, True))),
    ],
)
def test_screen_survives_random_events(trap, by_hand, events):
    rng, player = random.Random(f"{trap} {by_hand}"), Human() if by_hand else PolicyPlayer("random")
    screen = WatchScreen(Session(find_trap(trap)(), [Seat(player, "shift")]))
    moments, before = set(), 0.0
    with Desk(screen) as desk:
        for number in range(events):
            asked = screen.dialog is not None and rng.random() < 0.4
            # Escape ends a question, and would end the viewer elsewhere.
            event = Input("key", "escape") if asked else anything(rng)
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
    assert len(moments) > 5
    assert events < 1000 or peak() - before < MOST_GROWTH
