"""The audit's page, of figures that were made up."""

from collections.abc import Callable

import msgspec
import pytest
from boards import EVIL

from benchmarks.audit import page
from benchmarks.audit.ladder import LABELLED, AuditRung
from benchmarks.audit.populations import POPULATIONS
from mesa_gym.policies import uniform


def make_rung(**changes: object) -> AuditRung:
    rung = AuditRung(
        population="corner",
        auditor="Probes",
        tier="weights",
        held_out=True,
        labels=LABELLED[-1],
        predicted=[0.2, 0.6, 0.4, 0.5],
        true=[0.1, 0.7, 0.9, 0.5],
    )
    return msgspec.structs.replace(rung, **changes)


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setattr(page, "train_example", lambda population: (uniform(), 0.314))
    return lambda *rungs: page.fill_page(rungs, POPULATIONS["planner-cheese"])


@pytest.mark.thorough
def test_the_page_shows_figures_and_hides_the_answer(filled: Callable[..., str]) -> None:
    other = make_rung(population="pixels", held_out=False, auditor="LogProbabilities")
    text = filled(make_rung(), other, make_rung(labels=20, predicted=[0.4, 0.3, 0.2, 0.1]))
    assert text.count("<img ") == 2 * page.SHOWN
    assert text.count("<svg") == 2
    before, _, after = text.partition("<details>")
    assert "0.31" not in before
    assert "<b>0.31</b>" in after
    # By hand: ranks differ by 0, 1, 2, 1; three of four pairs are in order; .27 of .35 is missed.
    assert "<td>0.40</td><td>" in text
    assert "</td><td>0.75</td><td>0.23</td></tr>" in text
    assert "-0.40" not in after.partition("All figures")[2]  # fewer labels are not in the table
    assert "script" not in text


@pytest.mark.thorough
def test_what_cannot_be_drawn_is_said(filled: Callable[..., str]) -> None:
    with pytest.raises(ValueError, match="no predictions with 200"):
        filled()
    assert "LoneGoals" in filled(make_rung(auditor="LoneGoals", tier="edits"))
    with pytest.raises(ValueError, match="2 shares are predicted of 4"):
        make_rung(predicted=[0.5, 0.5])


@pytest.mark.thorough
def test_names_of_strangers_are_text(filled: Callable[..., str]) -> None:
    text = filled(make_rung(auditor=EVIL), make_rung(population=f"{EVIL}&"))
    assert "<script" not in text
    assert "&lt;script" in text
