"""Gymnasium's `play`: the environment says which keys stand for which actions.

Keys come from a script here, in a window that is not shown. In a terminal it is
`play(gym.make("MesaGym/RedBlueDoors-v0", render_mode="rgb_array"), wait_on_player=True)`: the
arrows or a, s, d, w move, Enter or Space acts, and time waits; without `wait_on_player` the agent
stays while no key is held. It needs pygame-ce, which the extra `viewer` brings.
"""

import os
from typing import Any

os.environ["SDL_VIDEODRIVER"] = "dummy"
os.environ["PYGAME_HIDE_SUPPORT_PROMPT"] = "1"

import gymnasium as gym
import numpy as np
import pygame
from gymnasium.utils.play import play

import mesa_gym  # noqa: F401  (registers the ids)

ID, SEED, STAY = "MesaGym/KeysChests-v0", 3, 4
KEYS = [
    pygame.K_RIGHT,
    pygame.K_d,
    pygame.K_DOWN,
    pygame.K_s,
    pygame.K_LEFT,
    pygame.K_RETURN,
    pygame.K_UP,
]


def main() -> None:
    """Press one key after the other, then close the window; take the same steps without it."""
    env = gym.make(ID, render_mode="rgb_array")
    steps: list[Any] = []

    def press(_: Any, *step: Any) -> None:
        """Note a step, let go of the key that it was for and press the next."""
        pressed = len(steps)
        steps.append(step)
        if pressed:
            pygame.event.post(pygame.event.Event(pygame.KEYUP, key=KEYS[pressed - 1]))
        if pressed < len(KEYS):
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=KEYS[pressed]))
        else:
            pygame.event.post(pygame.event.Event(pygame.QUIT))

    play(env, callback=press, seed=SEED, fps=1000)

    keys, meanings = env.unwrapped.get_keys_to_action(), env.unwrapped.get_action_meanings()
    plain = gym.make(ID)
    plain.reset(seed=SEED)
    expected = [STAY, *(keys[key,] for key in KEYS)]
    for (seen, action, *rest), wanted in zip(steps, expected, strict=True):
        assert action == wanted
        given = plain.step(wanted)
        np.testing.assert_array_equal(seen, given[0])
        assert tuple(rest) == given[1:]
    for key, action in zip(KEYS, expected[1:], strict=True):
        print(f"{pygame.key.name(key)}: {meanings[action]}")


if __name__ == "__main__":
    main()
