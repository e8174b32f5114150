"""Command lines of ``mesa-gym watch`` and ``play``."""

from mesa_gym.logs import record_plays, save_episodes
from mesa_gym.traps.cheese_corner import CheeseCorner
from tests.support.playing import play_all

SMALL = "--size 640x420"
HEADLESS = f"watch CheeseCorner {SMALL} --headless"


def save_plays(policy, path, salt=""):
    """Write the episodes of a policy on two levels of each play, and return them."""
    trap = CheeseCorner()
    episodes = [*record_plays(trap, policy, play_all(policy, trap, 2, salt=salt), salt)]
    save_episodes(path, episodes)
    return episodes
