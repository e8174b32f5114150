"""``gymnasium.utils.play`` with no key map given: real events, in a window that is not shown."""

from __future__ import annotations

import os
from typing import Any

import gymnasium as gym
import pytest

import mesa_gym  # noqa: F401  (registers the ids)

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
pygame = pytest.importorskip("pygame")
pytestmark = pytest.mark.filterwarnings("ignore:.*matplotlib is not installed")
PATIENCE = 4  # frames without a key before the window is closed


class Pressed(gym.Wrapper):
    """Posts the keys that are held from each frame on; notes each frame's actions and places."""

    def __init__(self, held: list[set[int]]) -> None:
        made = gym.make("MesaGym/CheeseCorner-v0", render_mode="rgb_array", split="shift")
        super().__init__(made)
        self.frames, self.before = iter([set(), *held, *[set()] * PATIENCE]), set()
        self.actions: list[int] = []
        self.places: list[int] = []

    def reset(self, **keywords: Any) -> Any:
        # Level 2 leaves room to the left of the agent.
        return super().reset(seed=keywords["seed"], options={"level": 2})

    def step(self, action: int) -> Any:
        self.actions.append(action)
        done = super().step(action)
        self.places.append(int(self.unwrapped.state.agent))
        return done

    def render(self) -> Any:
        held = next(self.frames, None)
        if held is None:
            pygame.event.post(pygame.event.Event(pygame.QUIT))
        else:
            for kind, keys in (
                (pygame.KEYUP, self.before - held),
                (pygame.KEYDOWN, held - self.before),
            ):
                for key in keys:
                    pygame.event.post(pygame.event.Event(kind, key=key))
            self.before = held
        return super().render()


def played(monkeypatch: pytest.MonkeyPatch, held: list[set[int]], **keywords: Any) -> Pressed:
    """Let gymnasium's own ``play`` run until its window is closed."""
    play = pytest.importorskip("gymnasium.utils.play").play
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")
    env = Pressed(held)
    play(env, fps=1000, seed=0, **keywords)
    return env


@pytest.mark.parametrize(
    "keys",
    [("K_LEFT", "K_DOWN", "K_RIGHT", "K_UP", "K_RETURN"), ("K_a", "K_s", "K_d", "K_w", "K_SPACE")],
)
def test_each_key_is_its_action_and_time_waits_if_asked_to(monkeypatch, keys) -> None:
    held = [{getattr(pygame, key)} for key in keys]
    env = played(monkeypatch, held, wait_on_player=True)
    assert env.actions == [0, 1, 2, 3, 4]


def test_without_a_key_the_agent_stays(monkeypatch) -> None:
    """Without more ado ``play`` takes action 0 then, which is left."""
    env = played(monkeypatch, [])
    assert len(env.places) >= PATIENCE
    assert len(set(env.places)) == 1
    assert env.unwrapped.action_masks()[0]


def test_two_keys_that_disagree_stay_and_two_that_agree_act(monkeypatch) -> None:
    together = [{pygame.K_UP, pygame.K_RIGHT}, {pygame.K_UP, pygame.K_w}]
    assert played(monkeypatch, together, wait_on_player=True).actions == [4, 3]
