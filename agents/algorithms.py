"""The algorithms: one entry each, which says all in which they differ from outside.

A new algorithm is a module with ``train(lesson: Lesson) -> list[Agent]`` and an entry of
``ALGORITHMS``. A user's own needs no entry: it is named ``FILE.py:function``. This module does not
import torch, which takes seconds: trainings are described without it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from agents.ppo_settings import NAMES, PPOSettings
from mesa_gym.errors import shorten, unknown
from mesa_gym.importing import import_source
from mesa_gym.trained.agent import Agent
from mesa_gym.traps import package_traps
from mesa_gym.traps.life import is_life

if TYPE_CHECKING:
    from agents.lesson import Lesson

# Environment steps after which PPO is competent, or no longer becomes so; on some traps more.
USUAL_STEPS = 600_000
LONG = {
    "ChuteOrFire-v0": 1_500_000,
    "DustSweep-v0": 1_000_000,
    "DustVacuum-v0": 1_000_000,
    "FollowMe-v0": 1_000_000,
    "KeysChests-v0": 3_000_000,
    "MonsterWorld-v0": 1_000_000,
    "PointedGoal-v0": 1_500_000,
    "TreeFarm-v0": 1_000_000,
}
# Of six trials each, in which a learner with a memory finds out what pays.
LIVES = [name for name, trap in package_traps().items() if is_life(trap)]


@dataclass(frozen=True)
class Algorithm:
    """A way to train agents.

    Attributes:
        name: of the algorithm, and the first part of its agents' names.
        module: the module or file of its function, which is imported where it is needed.
        seconds: of a CPU, to train one seed for the usual steps where PPO takes ``USUAL_STEPS``.
        kind: of its agents, in ``policy.json``; "" where it is not known beforehand.
        steps: the usual environment steps.
        trap_steps: trap -> steps where those are others; None for more wherever PPO takes more.
        settings: the usual ones of PPO; None where it takes none of them.
        units: whether ``units`` is one of the settings that it takes.
        staged: whether it can go on from trained agents, of its kind.
        stacked: whether it trains many seeds at once; others train one after another.
        sized: False where its agents act on grids of any size.
        function: learns a lesson and returns one agent a seed.
    """

    name: str
    module: str
    seconds: float
    kind: str = "network"
    steps: int = USUAL_STEPS
    trap_steps: Mapping[str, int] | None = None
    settings: PPOSettings | None = None
    units: bool = True
    staged: bool = False
    stacked: bool = False
    sized: bool = True
    function: str = "train"

    def count_steps(self, trap: str) -> int:
        """Return for how many steps it usually trains on a trap, named with its version."""
        if self.trap_steps is None:
            return LONG.get(trap, USUAL_STEPS) * self.steps // USUAL_STEPS
        return self.trap_steps.get(trap, self.steps)

    def find_function(self) -> Callable[[Lesson], Any]:
        """Return the function that learns a lesson.

        Raises:
            ValueError: the module or file cannot be imported, or has no such function.
        """
        asked, module = self._describe_place(), self._import_module()
        found = getattr(module, self.function, None)
        if found is None:
            functions = [name for name, value in vars(module).items() if callable(value)]
            raise unknown(f"function of {self.module}", self.function, functions)
        if not callable(found):
            raise ValueError(
                f"{asked}: {self.function} is {shorten(found)}; expected a function that takes a"
                " Lesson and returns a list of agents, one a seed"
            )
        return found

    def train(self, lesson: Lesson) -> list[Any]:
        """Train one agent a seed.

        Raises:
            ValueError: the function is not there, or returned something else.
        """
        agents, count = self.find_function()(lesson), len(lesson.seeds)
        whole = isinstance(agents, list | tuple) and len(agents) == count
        if not whole or not all(isinstance(agent, Agent) for agent in agents):
            raise ValueError(
                f"the algorithm {self.name} returned {shorten(agents)}; expected a list of {count}"
                " agents, one a seed, each a mesa_gym.trained.Agent"
            )
        return [*agents]

    def describe(self) -> str:
        """Return what it is, in a line."""
        said = self._import_module().__doc__ or self.find_function().__doc__ or ""
        return said.partition("\n")[0]

    def _import_module(self) -> ModuleType:
        return import_source(self._describe_place(), self.module)

    def _describe_place(self) -> str:
        return f"algorithm {shorten(f'{self.module}:{self.function}')}"

    def list_settings(self) -> tuple[str, ...]:
        """Return the settings of PPO that it takes."""
        if self.settings is None:
            return ()
        return tuple(name for name in NAMES if name != "units" or self.units)

    def require_settings(self, names: Collection[str]) -> None:
        """Raise ValueError where it does not take one of the named settings of PPO."""
        for name in names:
            if name not in NAMES:
                raise unknown("setting of PPO", name, NAMES)
            if name not in self.list_settings():
                takers = [each.name for each in ENTRIES if name in each.list_settings()]
                raise ValueError(
                    f"{self.name} does not take the setting {name}; these do: {', '.join(takers)}"
                )

    def find_changes(self, settings: PPOSettings | None) -> dict[str, float]:
        """Return those of some settings that differ from its usual ones: name -> value.

        Raises:
            ValueError: it does not take one of them.
        """
        if settings is None:
            return {}
        known = asdict(self.settings or PPOSettings())
        changes = {name: value for name, value in asdict(settings).items() if value != known[name]}
        self.require_settings(changes)
        return changes


PPO = PPOSettings()
ENTRIES = (
    Algorithm("ppo", "agents.ppo", 8, settings=PPO, staged=True, stacked=True),
    Algorithm("ppo-symmetric", "agents.symmetry", 9, settings=PPO, staged=True),
    Algorithm("ppo-pixels", "agents.pixels", 11, "pixels", settings=PPO, staged=True, stacked=True),
    Algorithm("ppo-local", "agents.local", 8, "local", settings=PPO, stacked=True),
    # Planners have layers of their own, and act on grids of any size.
    Algorithm(
        "ppo-planner", "agents.planner", 3, "planner", 100_000,
        settings=PPO, units=False, staged=True, stacked=True, sized=False,
    ),
    Algorithm(
        "ppo-planner-wide", "agents.planner_wide", 14, "planner-wide", 100_000,
        settings=PPO, units=False, staged=True, stacked=True, sized=False,
    ),
    Algorithm(
        "ppo-gru", "agents.gru", 25, "gru",
        trap_steps=dict.fromkeys(LONG, 1_500_000) | dict.fromkeys(LIVES, 2_000_000),
        settings=PPOSettings(
            learning_rate=8e-3, minibatches=16, rollout_length=64, entropy=0.1, gae_lambda=0.9,
            discount=0.9, units=64,
        ),
    ),
    Algorithm("bc", "agents.cloning", 8, trap_steps={}),
    Algorithm(
        "sb3-ppo", "agents.sb3_ppo", 35, "sb3", 400_000, dict.fromkeys(LONG, 800_000)
        | {"AbsentSupervisor-v0": 800_000, "KeysChests-v0": 2_000_000}
        | {"MonsterWorld-v0": 1_600_000}, staged=True,
    ),
    Algorithm(
        "sb3-a2c", "agents.sb3_a2c", 33, "sb3", 600_000, dict.fromkeys(LONG, 1_200_000)
        | {"AbsentSupervisor-v0": 1_200_000, "KeysChests-v0": 2_400_000}
        | {"MonsterWorld-v0": 2_400_000}, staged=True,
    ),
)  # fmt: skip
ALGORITHMS = {each.name: each for each in ENTRIES}


def find_algorithm(name: str) -> Algorithm:
    """Return the algorithm of a name.

    Args:
        name: one of ``ALGORITHMS``, or ``FILE.py:function`` or ``module:function`` of one's own: a
            function that takes a ``Lesson`` and returns a list of agents, one a seed. Its agents
            are called by the function's name.

    Raises:
        UnknownNameError: there is none; the message names the nearest.
        ValueError: a function has no name that agents could have.
    """
    if name in ALGORITHMS:
        return ALGORITHMS[name]
    source, colon, function = name.rpartition(":")
    if not colon:
        raise unknown("algorithm (nor is it FILE.py:function)", name, ALGORITHMS)
    if not function.isidentifier():
        raise ValueError(f"algorithm {shorten(name)}: expected FILE.py:function")
    if function in ALGORITHMS:
        raise ValueError(
            f"algorithm {shorten(name)}: its agents would be called like those of {function};"
            " rename the function"
        )
    seconds = ALGORITHMS["ppo"].seconds  # nothing better is known
    return Algorithm(function, source, seconds, kind="", function=function)
