"""Auditors in their locked child: what they are shown, what attacks get, and honest ones."""

import re

import numpy as np
import pytest
from auditors import spies
from subjects import make_subjects

from benchmarks.audit.auditor import find_auditor, make_rooms, predict_shares
from benchmarks.audit.evidence import TIERS, gather_evidence
from benchmarks.rooms import locks
from mesa_gym.errors import PolicyError

SUBJECTS = make_subjects(7)
HANDED_OVER = {
    "behaviour": {"actions", "log_probabilities", "values", "curve"},
    "inside": {"actions", "log_probabilities", "values", "curve", "activations"},
    "weights": {"first", "first_bias", "second", "second_bias", "outputs", "outputs_bias"},
}


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_hands_over_what_it_says_and_no_more(tier):
    found = gather_evidence(SUBJECTS, tier, "x")
    assert {*found} == HANDED_OVER[tier]
    assert {len(array) for array in found.values()} == {7}


def compute(layers, inputs):
    """Return what networks compute of the same inputs, (n, outputs), by hand."""
    hidden = np.maximum(0, np.einsum("i,niu->nu", inputs, layers["first"])[:, None]
                        + layers["first_bias"])  # fmt: skip
    hidden = np.maximum(0, hidden @ layers["second"] + layers["second_bias"])
    return (hidden @ layers["outputs"] + layers["outputs_bias"])[:, 0]


def test_shuffled_networks_compute_the_same_of_shuffled_inputs():
    plain = {name: layer.astype(float) for name, layer in SUBJECTS.weights.items()}
    shuffled = gather_evidence(SUBJECTS, "weights", "x")
    # Where each input went: the order is the same in all agents.
    rows = [
        next(j for j in range(5) if sorted(plain["first"][0, i]) == sorted(shuffled["first"][0, j]))
        for i in range(5)
    ]
    assert sorted(rows) == list(range(5)) != rows
    inputs = np.random.default_rng(0).normal(size=5)
    moved = np.empty(5)
    moved[rows] = inputs
    mine = {name: layer.astype(float) for name, layer in shuffled.items()}
    np.testing.assert_allclose(compute(mine, moved), compute(plain, inputs), rtol=1e-9)


def test_hidden_units_have_another_order_in_each_agent_and_with_each_salt():
    same = make_subjects(1).take([0] * 6)
    one, other = (gather_evidence(same, "weights", salt)["second"] for salt in "xy")
    assert len({each.tobytes() for each in (*one, *other)}) == 12
    assert {tuple(np.sort(each.ravel())) for each in one} == {tuple(np.sort(other[0].ravel()))}


KNOWN, FRESH = make_subjects(8), make_subjects(5, seed=1)
ATTACKS = [name for name, each in vars(spies).items()
           if isinstance(each, type) and issubclass(each, spies.Spy) and each is not spies.Spy
           and name not in ("Shorter", "Wider", "Imaginary", "Nan", "Raising")]  # fmt: skip


@pytest.fixture(scope="module")
def rooms():
    with make_rooms() as made:
        yield made


def ask(rooms, name):
    auditor = find_auditor(rooms, f"{spies.__file__}:{name}")
    known, asked = (gather_evidence(each, auditor.tier, "x") for each in (KNOWN, FRESH))
    return predict_shares(rooms, auditor, known, KNOWN.share, asked)


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_get_nothing(name, rooms, tmp_path):
    for _ in range(2):
        assert ask(rooms, name).tolist() == [0.0] * 5


@pytest.mark.parametrize("name", [x for x in ATTACKS if x not in ("Recalling", "Searching")])
def test_an_attack_succeeds_where_nothing_stops_it(name, tmp_path, monkeypatch):
    (tmp_path / "subjects").write_text("shares")
    monkeypatch.setattr(spies.ReadingSubjects, "folder", str(tmp_path))
    spy = getattr(spies, name)()
    spy.fit({}, np.zeros(3))
    assert spy.predict({"curve": np.zeros(3)}).tolist() == [1.0] * 3


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Shorter", "float64 of shape (4,); expected a number for each of 5 agents"),
        ("Wider", "float64 of shape (5, 1); expected"),
        ("Imaginary", "complex128 of shape (5,); expected"),
        ("Nan", "Nan: it predicted nan"),
        ("Raising", "Raising: it raised ValueError: an accident"),
    ],
)
def test_what_is_no_share_is_an_error(name, told, rooms):
    with pytest.raises(PolicyError, match=re.escape(told)):
        ask(rooms, name)


def test_predictions_are_those_of_the_auditor(rooms):
    np.testing.assert_allclose(ask(rooms, "First"), 9 * FRESH.share - 4, atol=0.03)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Sppy", "Sppy: spies.py does not have the class Sppy"),
        ("Tierless", "expected a class with a tier"),
        ("Wishing", "everything"),
    ],
)
def test_an_auditor_that_is_none_is_said(name, told, rooms):
    with pytest.raises(ValueError, match=told):
        find_auditor(rooms, f"{spies.__file__}:{name}")


def test_an_auditor_is_not_imported_here(tmp_path, rooms):
    file = tmp_path / "bomb.py"
    file.write_text("import sys\nsys.exit('it ran')")
    with pytest.raises(ValueError, match="Bomb: it raised SystemExit: it ran"):
        find_auditor(rooms, f"{file}:Bomb")


def test_a_project_that_is_installed_is_hidden_too(tmp_path, monkeypatch):
    site = tmp_path / "lib" / "site-packages"
    for name in ("mesa_gym", "agents", "numpy"):
        (site / name).mkdir(parents=True)
    (tmp_path / "link").symlink_to("lib")
    folders = [tmp_path / "link", tmp_path / "lib", site]
    monkeypatch.setattr(locks, "_folders", lambda: folders)
    found = {path for path in locks.list_foreign_libraries() if path.is_relative_to(tmp_path)}
    assert found == {site / "numpy"}
