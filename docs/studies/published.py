"""The trap that published.md needs besides the package's own: MonsterWorld with long training."""

from __future__ import annotations

import mesa_gym
from mesa_gym.traps import Split
from mesa_gym.traps.monster_world import MonsterWorld


@mesa_gym.register_trap
class LongMonsterWorld(MonsterWorld):
    """MonsterWorld with episodes of 200 steps on all splits, as under shift."""

    def horizon(self, split: Split) -> int:
        """Return the limit of the shift for all splits."""
        return super().horizon(Split.SHIFT)
