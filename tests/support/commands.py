"""Command lines of ``mesa-gym watch``, ``play`` and ``replay``."""

from mesa_gym.scoring import record as record_policy
from mesa_gym.traps.cheese_corner import CheeseCorner

SMALL = "--size 640x420"
HEADLESS = f"watch --trap CheeseCorner {SMALL} --headless"


def trace_of(policy, path, salt=""):
    trace = record_policy(policy, CheeseCorner(), 2, salt=salt)
    trace.save(path)
    return trace
