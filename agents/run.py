"""A training: what is trained, on what, for how long; and the algorithms that there are."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass, replace
from typing import Any

from agents import ppo_settings
from agents.ppo_settings import PPOSettings
from agents.stages import Stage, read_stages
from mesa_gym.envs.settings import Settings
from mesa_gym.errors import unknown
from mesa_gym.traps import find_trap

# Algorithm -> the module whose ``train`` learns a lesson; imported where it is needed.
ALGORITHMS = {
    "ppo": "agents.ppo",
    "ppo-symmetric": "agents.symmetry",
    "ppo-ensemble": "agents.ensemble",
    "ppo-pixels": "agents.pixels",
    "ppo-local": "agents.local",
    "ppo-planner": "agents.planner",
    "ppo-planner-wide": "agents.planner_wide",
    "ppo-vin": "agents.vin",
    "ppo-drc": "agents.drc",
    "distil-planner": "agents.distilling",
    "plr-exact": "agents.replay",
    "plr-estimated": "agents.replay_estimated",
    "replay-rare": "agents.replay_rare",
    "bc": "agents.cloning",
    "sb3-ppo": "agents.sb3_ppo",
    "sb3-a2c": "agents.sb3_a2c",
    "sb3-dqn": "agents.sb3_dqn",
    "sb3-recurrent-ppo": "agents.sb3_recurrent_ppo",
}
# Environment steps after which PPO is competent, or no longer becomes so.
USUAL_STEPS = 600_000
STEPS = {
    "ChuteOrFire-v0": 1_500_000,
    "DustSweep-v0": 1_000_000,
    "DustVacuum-v0": 1_000_000,
    "FollowMe-v0": 1_000_000,
    "KeysChests-v0": 3_000_000,
    "MonsterWorld-v0": 1_000_000,
    "PointedGoal-v0": 1_500_000,
    "TreeFarm-v0": 1_000_000,
}
# Of algorithms whose agents act on grids of any size; where PPO needs more than usual, so do they.
PLANNERS_STEPS = {
    "ppo-planner": 100_000,
    "ppo-planner-wide": 100_000,
    "ppo-vin": 100_000,
    "ppo-drc": 300_000,
}
ALGORITHMS_STEPS = PLANNERS_STEPS | {"distil-planner": 1_200_000}
# Baseline -> trap -> steps.
USUAL = "usual"
BASELINES_STEPS: dict[str, dict[str, int]] = {
    "sb3-ppo": {
        USUAL: 400_000,
        **dict.fromkeys(STEPS, 800_000),
        "AbsentSupervisor-v0": 800_000,
        "KeysChests-v0": 2_000_000,
        "MonsterWorld-v0": 1_600_000,
    },
    "sb3-a2c": {
        USUAL: 600_000,
        **dict.fromkeys(STEPS, 1_200_000),
        "AbsentSupervisor-v0": 1_200_000,
        "KeysChests-v0": 2_400_000,
        "MonsterWorld-v0": 2_400_000,
    },
    "sb3-dqn": {USUAL: 2_000_000, **dict.fromkeys(STEPS, 4_000_000)},
    "sb3-recurrent-ppo": {USUAL: 800_000, **dict.fromkeys(STEPS, 1_500_000)},
    "bc": {USUAL: 600_000},
}
# With 1,000 instead an agent learns the levels by heart and is not competent on others.
NUM_LEVELS = 30_000
# Algorithms that can go on from trained agents.
STAGED = ("ppo", "ppo-pixels", "ppo-symmetric", *PLANNERS_STEPS)
# Algorithms that train agents of many seeds at once; others train one after another.
STACKED = ("ppo", "ppo-pixels", "ppo-local", "ppo-planner")


def steps_for(trap: str, algo: str = "ppo") -> int:
    """Return for how many steps an algorithm trains on a trap, named with its version."""
    if algo in BASELINES_STEPS:
        return BASELINES_STEPS[algo].get(trap, BASELINES_STEPS[algo][USUAL])
    usual = ALGORITHMS_STEPS.get(algo, USUAL_STEPS)
    return STEPS.get(trap, USUAL_STEPS) * usual // USUAL_STEPS


@dataclass(frozen=True)
class Run:
    """A training. Plain data, so that it can be sent to a worker process.

    Attributes:
        trap: its name, such as ``RedBlueDoors``.
        algo: one of ``ALGORITHMS``.
        seed: 0 to 2**32 - 1, of weights, actions and the order of levels.
        steps: environment steps; 0 for those of ``steps_for``.
        alpha: the share of episodes drawn from the shift distribution, 0 to 1.
        reward: the objective that is paid; ``base`` is the base objective.
        num_levels: how many different levels are trained on.
        checkpoints: how many equal parts a stage has; what the agent was at the end of each
            except the last of all is kept beside it.
        settings: of PPO; None for the algorithm's usual ones, or where it takes none.
        stages: of the training, as ``agents.stages.read_stages`` reads them: what they do not say
            is as above, and they can set keywords of the trap too.

    Raises:
        ValueError: a name is unknown or a number out of range.
    """

    trap: str
    algo: str = "ppo"
    seed: int = 0
    steps: int = 0
    alpha: float = 0.0
    reward: str = "base"
    num_levels: int = NUM_LEVELS
    checkpoints: int = 1
    settings: PPOSettings | None = None
    stages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.algo not in ALGORITHMS:
            raise unknown("algorithm", self.algo, ALGORITHMS)
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be from 0 to 2**32 - 1, got {self.seed}")
        if self.steps < 0:
            raise ValueError(f"steps must be at least 1, got {self.steps}")
        if self.checkpoints < 1:
            raise ValueError(f"checkpoints must be at least 1, got {self.checkpoints}")
        object.__setattr__(self, "steps", self.steps or self._usual_steps())
        object.__setattr__(self, "settings", self.settings or ppo_settings.USUAL.get(self.algo))
        self.changes()
        if len(self.parts()) > 1 and self.algo not in STAGED:
            raise ValueError(f"{self.algo} trains in one stage; {' and '.join(STAGED)} in several")

    def _usual_steps(self) -> int:
        return steps_for(find_trap(self.trap).name(), self.algo)

    def parts(self) -> list[Stage]:
        """Return its stages; making them checks the other attributes."""
        names = ("steps", "alpha", "reward", "num_levels")
        usual = {name: getattr(self, name) for name in names}
        return read_stages(self.trap, self.stages, usual, sized=self.algo not in PLANNERS_STEPS)

    def environment(self) -> Settings:
        """Return the settings of its environments, in the last stage."""
        return self.parts()[-1].settings

    def changes(self) -> dict[str, float]:
        """Return those of its settings that are not usual of the algorithm."""
        found = self.settings
        return {} if found is None else ppo_settings.find_changes(self.algo, found)

    def change(self, **settings: Any) -> Run:
        """Return the same training with other settings of PPO.

        Raises:
            ValueError: the algorithm does not take one of them, or a value is out of its range.
        """
        ppo_settings.require_names(self.algo, settings)
        usual = self.settings or PPOSettings()
        return replace(self, settings=replace(usual, **settings)) if settings else self

    def facts(self) -> dict[str, Any]:
        """Return what an agent's record says of it: its own attributes, resolved."""
        last = self.environment()
        resolved = {"trap": last.trap.name(), "reward": last.reward, "settings": self.changes()}
        return asdict(self) | resolved

    @property
    def name(self) -> str:
        """Name of the agent, unique among those of a trap that are trained for as many steps."""
        alpha = f"-alpha{self.alpha:g}" if self.alpha else ""
        reward = "" if self.reward == "base" else f"-{self.reward}"
        stages = "".join(f"-{text.replace(' ', '-')}" for text in self.stages)
        changed = "".join(f"-{key.replace('_', '-')}{x}" for key, x in self.changes().items())
        return f"{self.algo}{alpha}{reward}{changed}{stages}-s{self.seed}"

    def command(self) -> str:
        """Return the command that repeats it, apart from --out."""
        given = asdict(self)
        stages = [f"--stage {shlex.quote(text)}" for text in given.pop("stages")]
        given |= self.changes()
        del given["settings"]
        options = (f"--{name.replace('_', '-')} {value}" for name, value in given.items())
        return " ".join(["python -m agents.train", *options, *stages])
