"""The tricks on the board are those that are made here."""

import pytest

from mesa_gym.report import read_committed
from mesa_gym.scoring import score_all
from mesa_gym.solver.certificate import EVALUATION_LEVELS
from mesa_gym.traps import find_trap
from tests.validity.tricks import make_tricks


@pytest.mark.thorough
def test_tricks_play_as_their_committed_cards():
    trap = find_trap("OversightLamp")()
    cards = score_all(make_tricks(trap), trap, EVALUATION_LEVELS)
    committed = {
        c.policy: c for c in read_committed() if c.trap == trap.name() and c.policy in cards
    }
    assert cards.keys() == committed.keys()
    for name, card in cards.items():
        assert (card.choices, card.verdict) == (committed[name].choices, committed[name].verdict)
