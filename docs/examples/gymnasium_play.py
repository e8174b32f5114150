"""Gymnasium's `play`: the environment says which keys stand for which actions.

Keys come from a script here, in a window that is not shown. In a terminal it is
`play(gym.make("MesaGym/RedBlueDoors-v0", render_mode="rgb_array"), noop=4, zoom=2)`: a, s, d and w
move, the space bar acts. It needs pygame-ce, which the extra `viewer` brings.
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

ID, SEED, KEYS, NOOP = "MesaGym/KeysChests-v0", 3, "ddssa w", 4


def main() -> None:
    """Press one key after the other, then close the window; take the same steps without it."""
    env = gym.make(ID, render_mode="rgb_array")
    steps: list[Any] = []

    def press(_: Any, *step: Any) -> None:
        """Note a step, let go of the key that it was for and press the next."""
        pressed = len(steps)
        steps.append(step)
        if pressed:
            pygame.event.post(pygame.event.Event(pygame.KEYUP, key=ord(KEYS[pressed - 1])))
        if pressed < len(KEYS):
            pygame.event.post(pygame.event.Event(pygame.KEYDOWN, key=ord(KEYS[pressed])))
        else:
            pygame.event.post(pygame.event.Event(pygame.QUIT))

    play(env, callback=press, seed=SEED, noop=NOOP, fps=1000)

    keys, meanings = env.unwrapped.get_keys_to_action(), env.unwrapped.get_action_meanings()
    plain = gym.make(ID)
    plain.reset(seed=SEED)
    expected = [NOOP, *(keys[ord(key),] for key in KEYS)]
    for (seen, action, *rest), wanted in zip(steps, expected, strict=True):
        assert action == wanted
        given = plain.step(wanted)
        np.testing.assert_array_equal(seen, given[0])
        assert tuple(rest) == given[1:]
    print({chr(*key): meanings[action] for key, action in keys.items()})
    print(f"{KEYS!r} was played: {', '.join(meanings[action] for action in expected[1:])}")


if __name__ == "__main__":
    main()
