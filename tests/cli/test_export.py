"""``mesa-gym export`` as a user types it: a page in which levels live."""

import numpy as np
import pytest

from mesa_gym.scoring.plays import has_twins
from mesa_gym.solver import PlacementGraph
from mesa_gym.traps import find_trap
from tests.support.playgrounds import read_data, read_shares, unpack
from tests.support.refusals import refusals

POLICIES = """
import numpy as np

def ahead(seen):
    return np.tile([0.1, 0.2, 0.3, 0.25, 0.15], (len(seen), 1))

def sure():
    ahead.memory = False
    return ahead

class Turning:
    observation = "planes"
    def reset(self, mask, rng): self.step = 0
    def act(self, seen, state=None):
        self.step += 1
        return np.full(len(seen), self.step % 4)

def unsure():
    return lambda obs: ahead(obs)
"""


@pytest.fixture
def export(run, tmp_path):
    """Run the command; return its exit code, its output and the page ("" without one)."""
    (tmp_path / "own_policies.py").write_text(POLICIES)

    def do(command):
        code, said = run(f"export {command}")
        page = tmp_path / "page.html"
        return code, said, page.read_text() if page.exists() else ""

    return do


def listed(page):
    return [(level["play"], level["number"]) for level in read_data(page)["levels"]]


@pytest.mark.thorough
def test_export_without_options_has_five_levels(export):
    code, said, page = export("CheeseDish")
    assert (code, said) == (0, "export page.html: 0 of 5 levels\n")
    data = read_data(page)
    assert data["agents"] == []
    alone = [("alone:cheese", 0), ("alone:dish", 0)]
    assert listed(page) == [("train", 0), ("shift", 0), ("twins", 0), *alone]
    # A place has no twin and stays when all else is taken away.
    found = listed(export("CheeseCorner")[2])
    assert found == [("train", 0), ("shift", 0), ("alone:corner", 0)]
    assert not has_twins(find_trap("CheeseCorner"))


@pytest.mark.thorough
def test_export_takes_levels_split_and_salt(export):
    page = export("CheeseDish --levels 3 1 3 --salt secret")[2]
    others = [("twins", 3), ("alone:cheese", 3), ("alone:dish", 3)]
    assert listed(page) == [("train", 3), ("shift", 3), ("shift", 1), *others]
    page = export("CheeseDish --levels 3 1 --split control --salt secret")[2]
    assert listed(page) == [("control", 3), ("control", 1)]
    trap = find_trap("CheeseDish")()
    graph = PlacementGraph(trap, trap.levels("control", [3], "secret"))
    held = unpack(read_data(page)["levels"][0])
    assert (held["cell"] == graph.rank % trap.cells).all()


def test_export_of_several_policies_shows_each(export):
    own = " ".join(f"--policy own_policies:{name}" for name in ("sure", "unsure"))
    code, _, page = export(f"CheeseDish {own} --policy random --policy oracle:base")
    data = read_data(page)
    assert code == 0
    kinds = [(each["name"], each["kind"], each["tried"]) for each in data["agents"]]
    assert kinds == [
        *(("own_policies:sure", "shares", False), ("own_policies:unsure", "shares", True)),
        *(("random", "shares", False), ("oracle:base", "oracle", False)),
    ]
    parts = unpack(data["levels"][0])
    assert "low3" not in parts
    for k, shares in enumerate(([0.1, 0.2, 0.3, 0.25, 0.15],) * 2 + ([0.2] * 5,)):
        each = read_shares(parts, k)
        np.testing.assert_allclose(each, np.broadcast_to(shares, each.shape), atol=2e-7)
    assert data["agents"][3]["objective"] == 0


test_export_of_unfit_trap_offers_a_film = refusals("cli", "export", globals(), "export")
