"""Damaged results: `render` names the file and what to do, `run` sets it aside and goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.leaderboard import __main__ as leaderboard
from benchmarks.leaderboard.board import read
from benchmarks.leaderboard.results import (
    Results,
    Training,
    card_path,
    scored_on,
    training_path,
)
from mesa_gym.scoring import score
from mesa_gym.traps import find_trap

CORNER = "CheeseCorner-v0"
TRAP = find_trap(CORNER)()
CARD = score("stay", TRAP, 4, name="ppo-s0")
Spoil = Callable[[Path], None]


def loop(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def garbage(path: Path) -> None:
    path.write_bytes(b"\xff{")


def empty(path: Path) -> None:
    path.write_bytes(b"")


def nested(path: Path) -> None:
    path.write_text("[" * 100_000)


def changed(**changes: object) -> Spoil:
    def spoil(path: Path) -> None:
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return spoil


FILES = [loop, folder, garbage, empty, nested]
# The episode of an agent that stays lasts until time is up: it cannot go on after that.
EPISODE = changed(episode={"level": 0, "actions": [4] * 65})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Results of one agent."""
    CARD.save(tmp_path / card_path(CORNER, "ppo-s0"))
    record = Training(trap=CORNER, agent="ppo", seed=0, about="PPO", alpha=0.5)
    record.save(tmp_path / training_path(CORNER, "ppo-s0"))
    return tmp_path


def test_whole_results_are_found(out: Path) -> None:
    results = Results(out, pytest.fail)
    assert results.has_card(scored_on(TRAP, 4), CORNER, "ppo-s0")
    assert results.training(CORNER, "ppo-s0") is not None
    assert [card.policy for card in results.cards()] == ["ppo-s0"]


@pytest.mark.parametrize("spoil", [*FILES, EPISODE, changed(policy="ppo-s1")])
def test_a_damaged_card_is_set_aside_by_who_makes_it(spoil: Spoil, out: Path) -> None:
    path, notes = out / card_path(CORNER, "ppo-s0"), []
    spoil(path)
    assert not Results(out).has_card(scored_on(TRAP, 4), CORNER, "ppo-s0")
    assert path.is_symlink() or path.exists()  # looking changes nothing
    assert not Results(out, notes.append).has_card(scored_on(TRAP, 4), CORNER, "ppo-s0")
    assert [child.name for child in path.parent.iterdir()] == ["ppo-s0.json.damaged-1"]
    assert str(path) in notes[0]


@pytest.mark.parametrize("spoil", FILES)
def test_a_damaged_record_is_set_aside_by_who_makes_it(spoil: Spoil, out: Path) -> None:
    path, notes = out / training_path(CORNER, "ppo-s0"), []
    spoil(path)
    assert Results(out, notes.append).training(CORNER, "ppo-s0") is None
    assert [child.name for child in path.parent.iterdir()] == ["ppo-s0.json.damaged-1"]
    assert str(path) in notes[0]


def test_a_link_in_the_place_of_an_agent_is_set_aside(out: Path) -> None:
    agent, notes = Path("agents", CORNER, "ppo-s0"), []
    (out / agent).parent.mkdir(parents=True)
    (out / agent).symlink_to(out / agent)
    assert Results(out, notes.append).agent(agent, {}) == ""
    assert not (out / agent).is_symlink()
    assert len(notes) == 1


@pytest.mark.parametrize("spoil", FILES)
@pytest.mark.parametrize("place", [card_path, training_path])
def test_rendering_tells_which_file_is_damaged(place, spoil: Spoil, out: Path) -> None:
    """Nothing is passed over in silence: a lost record would hide a share of the shift."""
    spoil(out / place(CORNER, "ppo-s0"))
    with pytest.raises(ValueError, match="sets the damaged file aside") as caught:
        read(Results(out))
    assert str(out / place(CORNER, "ppo-s0")) in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("trap", "policy"),
    [("Nowhere-v0", "ppo-s0"), (CORNER, "a copy"), (CORNER, "oracle:door"), (CORNER, "ppo-s1" * 9)],
)
def test_stray_cards_are_named(trap: str, policy: str, out: Path) -> None:
    stray = out / "cards" / CORNER / "stray.json"
    stray.write_bytes((out / card_path(CORNER, "ppo-s0")).read_bytes())
    data = json.loads(stray.read_text())
    where = data["provenance"] | {"trap": f"{trap}(size=9x9)"}
    changed(trap=trap, policy=policy.replace("-s1", "-sx"), provenance=where)(stray)
    with pytest.raises(ValueError, match="move it elsewhere or delete it") as caught:
        read(Results(out))
    assert str(stray) in str(caught.value)


def test_folders_that_link_to_themselves_hold_no_cards(out: Path) -> None:
    (out / "cards" / "loop").symlink_to(out / "cards" / "loop")
    assert len(Results(out).cards()) == 1


def test_an_episode_of_other_rules_does_not_stop_the_board(out: Path) -> None:
    EPISODE(out / card_path(CORNER, "ppo-s0"))
    assert leaderboard.main(["render", "--out", str(out)]) == 0
