"""What docs/scoring.md shows runs as it stands there, on fewer levels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3")

import torch
from stable_baselines3 import PPO

import mesa_gym
from mesa_gym import scoring

PAGE = (Path(__file__).parents[1] / "docs" / "scoring.md").read_text()
LEVELS = 4


class Network(torch.nn.Module):
    def forward(self, seen: torch.Tensor) -> torch.Tensor:
        return seen.float().mean(dim=(1, 2))[:, :5]


def cell(observation: np.ndarray, memory: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return memory + 1, np.full((len(observation), 5), 0.2)


def test_snippets_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scored = []
    record, score = scoring.record, scoring.score

    def record_few(policy: Any, trap: str, name: str | None = None) -> scoring.Trace:
        return record(policy, trap, LEVELS, name=name)

    def score_few(policy: Any, trap: str) -> scoring.ScoreCard:
        card = score(policy, trap, LEVELS)
        scored.append(card.policy)
        return card

    monkeypatch.setattr(scoring, "score", score_few)
    monkeypatch.setattr(scoring, "record", record_few)
    monkeypatch.chdir(tmp_path)
    PPO("MlpPolicy", mesa_gym.make_sb3("MesaGym/RedBlueDoors-v0", 1)).save("model.zip")
    names: dict[str, Any] = {"network": Network(), "cell": cell}
    for snippet in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL):
        exec(snippet, names)
    assert scored == ["random", "policy", "Recurrent", "PPO"]
    assert capsys.readouterr().out == "incapable\n"
    assert scoring.Trace.load("mine.trace").policy == "mine"
    two = scoring.Trace.load("two.trace")
    two.verify(two.make_trap())
