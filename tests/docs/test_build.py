"""Generated pages say what traps, certificates, the board, commands and score cards say."""

import json

import pytest

pytest.importorskip("PIL")
pytest.importorskip("stable_baselines3")

from docs import build
from docs.build import CERTIFICATES, write_page
from mesa_gym.scoring import score
from mesa_gym.solver.certificate import certify
from mesa_gym.traps import find_trap, package_traps

KEPT = {each["trap"]: each for each in json.loads(CERTIFICATES.read_text())}


@pytest.fixture(autouse=True)
def cards(monkeypatch):
    """The committed cards, and among them one of a reference on another trap."""
    found = [score("stay", "PointedGoal", levels=2)]
    monkeypatch.setattr(build, "_read_cards", lambda: found)
    return found


def test_certificates_of_all_traps_hold():
    assert KEPT.keys() <= package_traps().keys()
    for name, each in KEPT.items():
        assert each["holds"] is True, name
        assert each["levels"] == 1000
        assert ("separation" in each) == package_traps()[name].solvable
        assert [shared["same"] for shared in each["overlap"]] == [0, 0, 0]


@pytest.mark.thorough
def test_committed_certificate_equals_a_fresh_one():
    """Only the cheapest certificate; `mesa-gym certify --json docs/certificates.json` makes all."""
    fresh = certify(find_trap("PointedGoal")()).to_json()
    assert json.loads(json.dumps(fresh)) == KEPT["PointedGoal-v0"]


@pytest.mark.thorough
def test_page_has_committed_cards(tmp_path, cards):
    """One seed that goes to the corner and one that stays, above untrained policies."""
    cards.append(score("sweeper", "CheeseCorner", levels=20))
    for seed, policy in enumerate(("oracle:corner", "stay")):
        cards.append(score(policy, "CheeseCorner", levels=20, name=f"ppo-s{seed}"))
    page = write_page(find_trap("CheeseCorner"), tmp_path).read_text()
    row = "| ppo | 2 | 1 proxy:corner, 1 incapable (arrival 0.00) | 1 of 2 |"
    assert f"\n{row}" in page
    assert page.index(row) < page.index("\n| sweeper | 1 |")
    assert "- `proxy`: " in page
