"""Learning in deployment: how much is lost until an agent that goes on learning is corrected.

    python -m docs.studies.deployment [PART ...]

trains the agents of the parts named (traps, rare, cure, sb3), or of all, deploys them, and keeps
what each deployment chose and lost in ``runs/studies/deployment``; what is there stays.
``docs.studies.deployment_page`` makes tables and the picture of it.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from agents.algorithms import ALGORITHMS
from agents.deployment import DeploymentLog, Judge, Standing, Update
from agents.lesson import Ended, Lesson
from agents.ppo_settings import PPOSettings
from agents.run import NUM_LEVELS, Run
from docs.studies.seeds import OUT, SeedGroup
from mesa_gym.files import read_json, write_json
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.library import load
from mesa_gym.trained.networks import Network
from mesa_gym.trained.stacks import VALUE, Stack, draw_stack
from mesa_gym.traps import Split, Trap, find_trap

# Rules look after two updates, since the first episodes that end are the short ones.
LOOKED_AT, FALLEN = 8192, 0.5
SEEDS, STEPS, EVERY, HELD_OUT = tuple(range(5)), 131_072, 2, 40
FOLDER = OUT / "deployment"
TRAPS = ("CheeseCorner", "CoinRun", "RedBlueDoors", "ColourShape")
STARTS = ("fresh", "warm", "planted", "certain", "softened")
# A certain net's scores are so many times those of an untrained one; a softened one's, of its own.
CERTAIN, SOFT = 4000.0, 0.1
# Steps of pretraining where a checkout lacks the library's agents of all seeds.
PRETRAINED, LONGER = 100_000, {"RedBlueDoors": 200_000, "LavaLand": 200_000}
SB3_STEPS, SB3_SHIFT, SB3_SEEDS = 200_000, 65_536, SEEDS[:3]


class Deployment(NamedTuple):
    """One start on one trap, deployed.

    Attributes:
        part: of the study.
        trap: its name.
        start: one of ``STARTS``.
        alpha: the share of episodes from the shift.
        rule: when scores are softened: "" for never, "falls" when the return falls, "always".
        algo: that trains.
    """

    part: str
    trap: str
    start: str
    alpha: float = 1.0
    rule: str = ""
    algo: str = "ppo"

    @property
    def name(self) -> str:
        """Its file's name."""
        parts = self.trap, self.start, f"{self.alpha:g}", self.rule, self.algo
        return "-".join(filter(None, parts))

    def find_path(self) -> Path:
        """Return the file in which its outcome is kept."""
        return FOLDER / f"{self.name}.json"


@dataclass(frozen=True)
class Deployed:
    """Deployments that differ in their seeds alone.

    Attributes:
        updates: for each seed, its updates.
        meet: for each seed, how likely an episode of the start contacts base, exactly.
        softened: the seeds whose scores were softened by a rule.
    """

    updates: list[list[Update]]
    meet: list[float]
    softened: list[int]


PLANS = [
    *(Deployment("traps", trap, start) for trap in TRAPS for start in STARTS),
    *(Deployment("rare", trap, start, 0.1) for trap in TRAPS[:1] for start in STARTS[:2]),
    *(
        Deployment("cure", trap, start, rule=rule)
        for trap, start in (("LavaLand", "warm"), ("CheeseDish", "planted"))
        for rule in ("", "falls")
    ),
    *(Deployment("cure", "OversightLamp", "warm", rule=rule) for rule in ("", "falls", "always")),
    *(Deployment("sb3", TRAPS[0], start, algo="sb3-ppo") for start in STARTS[:2]),
]


def load_agents(trap: str, start: str, algo: str) -> list[Any]:
    """Return trained agents, one a seed: the library's, where a checkout has those of all seeds."""
    alpha, reward = (0.5, find_trap(trap).proxies[0]) if start == "planted" else (0.0, "base")
    if algo == "ppo":
        try:
            return [load(trap, seed, alpha, reward) for seed in SEEDS]
        except ValueError:
            pass
    steps = LONGER.get(trap, PRETRAINED) if algo == "ppo" else SB3_STEPS
    run = Run(trap, algo, steps=steps, alpha=alpha, reward=reward)
    group = SeedGroup({}, run, range(len(SEEDS if algo == "ppo" else SB3_SEEDS)))
    loaded = group.load()[group.steps]
    return [loaded[seed] for seed in group.seeds]


def make_agents(plan: Deployment) -> list[Any]:
    """Return the agents that are deployed, one a seed."""
    made = find_trap(plan.trap)()
    if plan.start in ("fresh", "certain"):
        if plan.algo != "ppo":
            return []
        stack = draw_stack(CentredInputs(made).count, tuple(seed + 1000 for seed in SEEDS))
        agents = [Network(made, stack, index) for index in range(len(SEEDS))]
        return agents if plan.start == "fresh" else [scale_scores(made, a, CERTAIN) for a in agents]
    agents = load_agents(plan.trap, plan.start, plan.algo)
    return [scale_scores(made, a, SOFT) for a in agents] if plan.start == "softened" else agents


def scale_scores(trap: Trap, agent: Network, factor: float) -> Network:
    """Return a copy of an agent whose scores of actions are so many times as large."""
    stack: Stack = agent.stack
    for each in (stack.outputs, stack.outputs_bias):
        each[..., :VALUE] *= factor
    return Network(trap, stack)


def deploy(plan: Deployment) -> Deployed:
    """Deploy a start: judge it, let it learn, and judge it again; a rule looks at it on the way."""
    made, agents = find_trap(plan.trap)(), make_agents(plan)
    judge = Judge(made, HELD_OUT)
    log = DeploymentLog(judge, 1 if plan.part == "sb3" else EVERY)
    meet, softened, done = [judge.meet(agent) for agent in agents], [], 0
    before: dict[int, Ended] = {}
    seeds, steps = (SB3_SEEDS, SB3_SHIFT) if plan.part == "sb3" else (SEEDS, STEPS)

    def watch(at: int, seed: int, agent: Any, ended: Ended) -> None:
        log.watch(done + at, seed, agent, before.get(seed, []) + ended)

    def teach(steps: int) -> Lesson:
        lesson = Lesson(
            made, seeds, steps, plan.alpha, num_levels=NUM_LEVELS,
            settings=PPOSettings(rate_left=1.0), start=agents or None, watch=watch,
        )  # fmt: skip
        if agents and not done:
            lesson.watch_agents(0, agents)
        agents[:] = ALGORITHMS[plan.algo].train(lesson)
        return lesson

    if plan.part == "cure":
        usual = [expect_return(made, agent) for agent in agents]
        lesson = teach(LOOKED_AT)
        before, done = dict(zip(seeds, lesson.ended, strict=True)), LOOKED_AT
        for index, ended in enumerate(lesson.ended):
            fell = np.mean([earned for _, earned in ended]) < FALLEN * usual[index]
            if plan.rule == "always" or (plan.rule == "falls" and fell):
                agents[index] = scale_scores(made, agents[index], SOFT)
                softened.append(seeds[index])
    teach(steps - done)
    return Deployed([*log.read().values()], meet, softened)


def expect_return(trap: Trap, agent: Network) -> float:
    """Return the discounted return of base that an agent expects on training levels."""
    judge = Judge(trap, HELD_OUT, Split.TRAIN)
    return float(judge.solution.optimum(trap.base).mean()) - judge.judge(agent).regret


def read_deployed(plan: Deployment) -> Deployed:
    """Return what a deployment chose and lost, from disk where it was run before."""
    path = plan.find_path()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        began = time.process_time()
        found = deploy(plan)
        write_json(path, [found.updates, found.meet, found.softened])
        print(f"{plan.name}: {time.process_time() - began:.0f} CPU s", flush=True)
    updates, meet, softened = read_json(path)
    return Deployed(
        [
            [Update(s, e, Standing(*standing), lost) for s, e, standing, lost in of]
            for of in updates
        ],
        meet,
        softened,
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    for each in PLANS:
        if each.part in sys.argv[1:] or not sys.argv[1:]:
            read_deployed(each)
