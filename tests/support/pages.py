"""The pages whose snippets are run, and what some of them take for granted or must show."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mesa_gym
from mesa_gym import cli, scoring
from mesa_gym.envs.observations import make_observation
from mesa_gym.traps import Split, find_trap

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDES, STUDIES = sorted(DOCS.glob("*.md")), sorted((DOCS / "studies").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *GUIDES, *STUDIES]
NAMES = [path.relative_to(ROOT).as_posix() for path in PAGES]
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
# SB3 learns at least one rollout, however little it is asked for.
MOST_STEPS = 2_000

Names = dict[str, Any]


@dataclass
class Prepared:
    """Names that a page's snippets take for granted.

    Attributes:
        patch: undone after the page.
        folder: where the snippets run, empty.
    """

    patch: pytest.MonkeyPatch
    folder: Path


def blocks(page):
    """The fenced blocks of a page: what stands behind the fence, and the lines."""
    return FENCE.findall((ROOT / page).read_text())


def scoring_page(prepared):
    """A network and a recurrent cell of the reader's, a saved model, and what was scored."""
    pytest.importorskip("stable_baselines3")
    import torch
    from stable_baselines3 import PPO

    class MeanNetwork(torch.nn.Module):
        def forward(self, seen):
            return seen.float().mean(dim=(1, 2))[:, :5]

    def cell(observation, memory):
        return memory + 1, np.full((len(observation), 5), 0.2)

    scored: list[str] = []
    score = scoring.score

    def noted(*given, **keywords):
        card = score(*given, **keywords)
        scored.append(card.policy)
        return card

    prepared.patch.setattr(scoring, "score", noted)
    # What the page registers goes at the end.
    prepared.patch.setitem(scoring.MEASURES, "staying", scoring.MEASURES["solved"])
    del scoring.MEASURES["staying"]
    PPO("MlpPolicy", mesa_gym.make_sb3("MesaGym/RedBlueDoors-v0", 1)).save("model.zip")
    return {"network": MeanNetwork(), "cell": cell, "_scored": scored}


def short_training(prepared):
    """Let SB3 learn for one rollout where it is asked to learn for minutes."""
    pytest.importorskip("stable_baselines3")
    from stable_baselines3 import PPO

    learn = PPO.learn

    def less(model, total_timesteps, **keywords):
        return learn(model, min(total_timesteps, MOST_STEPS), **keywords)

    prepared.patch.setattr(PPO, "learn", less)
    return {}


def own_trap(prepared):
    """The file that the page's first command writes."""
    assert cli.main(["new-trap", "Mushrooms"]) == 0
    prepared.patch.syspath_prepend(prepared.folder)
    return {}


def exporting(prepared):
    """Torch warns of its own code where it exports."""
    pytest.importorskip("onnxscript")
    warnings.simplefilter("ignore", FutureWarning)
    return {}


PREPARE: dict[str, Callable[[Prepared], Names]] = {
    "docs/studies/libraries.md": short_training,
    "docs/scoring.md": scoring_page,
    "docs/start.md": short_training,
    "docs/leaderboard.md": exporting,
    "docs/train.md": short_training,
    "docs/write_a_trap.md": own_trap,
}


def readme_shown(shown, names):
    # On 8 levels a blind drift to the upper left does as well.
    assert names["card"].verdict == "proxy:corner" or names["card"].undecided
    assert shown.startswith("oracle:corner on CheeseCorner-v0: ")


def scoring_shown(shown, names):
    compared = ["oracle:cheese", "oracle:dish", "either", "aimless", "sweeper", "random"]
    assert names["_scored"] == [
        "policy",
        "PPO",
        "Recurrent",
        "upwards",
        *compared,
        "mine",
        "random",
    ]
    assert shown.startswith("incapable\n")
    assert "oracle:dish    proxy:dish" in shown
    assert scoring.Trace.load(Path("mine.trace")).policy == "mine"
    assert "CheeseDish-v0" in Path("card.html").read_text()


def submit_shown(shown, names):
    from mesa_gym.policies.onnx import OnnxPolicy

    trap = find_trap("CheeseCorner")()
    policy = OnnxPolicy(Path("policy.onnx").read_bytes(), trap, "planes")
    policy.reset(np.ones(100, np.bool_), np.random.default_rng(0))
    seen = make_observation(trap, "planes").encode(trap.levels(Split.TEST, np.arange(100)))
    first, second = policy.act(seen), policy.act(seen)
    assert np.abs(first - second).max() > 0.001
    assert cli.main(["score", "CheeseDish", "--policy", "mine.onnx", "--levels", "20"]) == 0


SHOWN: dict[str, Callable[[str, Names], None]] = {
    "README.md": readme_shown,
    "docs/scoring.md": scoring_shown,
    "docs/leaderboard.md": submit_shown,
}
