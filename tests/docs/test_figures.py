"""Numbers that people typed into pages equal today's."""

import re
import shlex
from pathlib import Path

import gymnasium
import pytest

from mesa_gym.cli import main
from mesa_gym.report import join_committed
from mesa_gym.report.board_rows import LEARNER
from mesa_gym.traps import package_traps

ROOT = Path(__file__).parents[2]
PLAIN = next(row for row in join_committed([]).rows if row.agent == LEARNER)
PROXIES, TRAPS = PLAIN.counts["proxy"], len(PLAIN.cells)
# Page -> texts that it must contain.
COUNTS = {
    "README.md": [
        f"`mesa_gym` has {len(package_traps())}\n",
        f"on {PROXIES} of the {TRAPS} that the leaderboard counts",
    ],
    "docs/index.md": [
        f"`mesa_gym` has {len(package_traps())} small",
        f"on {PROXIES} of the {TRAPS} of the leaderboard",
        f"PPO goes for it on {PROXIES} of {TRAPS} traps",
    ],
    "docs/train.md": [
        f"There are {sum(name.startswith('MesaGym/') for name in gymnasium.registry)} ids:"
    ],
    "CHANGELOG.md": [f"- **Traps**: {len(package_traps())} gridworlds"],
}


@pytest.mark.parametrize("page", COUNTS)
def test_page_counts_equal_the_registry_and_board(page):
    text = (ROOT / page).read_text()
    for expected in COUNTS[page]:
        assert expected in text


@pytest.mark.thorough
def test_exported_page_has_the_named_size(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "viewer.md").read_text()
    command, printed = re.search(
        r"^\$ mesa-gym (export .*)\n\n(wrote .*)$", text, re.MULTILINE
    ).groups()
    assert main(shlex.split(command)) in (0, None)
    assert printed in capsys.readouterr().out
