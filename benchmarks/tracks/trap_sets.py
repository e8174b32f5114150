"""Traps of the tracks: those on which methods are developed, and those on which they are ranked.

The sets belong to a version of the board. Places of two versions cannot be compared.
"""

from __future__ import annotations

BOARD_VERSION = 1
# A place needs the seeds 0, 1, 2 and on of each of these.
RANKING = ("CheeseDish-v0", "ColourShape-v0", "RedBlueDoors-v0")
LEAST_SEEDS = 3
# The others whose objectives are places and whose training can single a proxy out. A method may be
# tuned on these, and never on those above.
DEVELOPMENT = (
    "Attributes-v0",
    "CheeseCorner-v0",
    "ChuteOrFire-v0",
    "CoinRun-v0",
    "NearestFruit-v0",
    "PointedGoal-v0",
)
