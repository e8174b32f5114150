"""Damaged results: `render` names the file and what to do, `run` sets it aside and goes on."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from boards import card, training, write

from benchmarks.board import commands as leaderboard
from benchmarks.board.board import read
from benchmarks.runs.results import (
    Results,
    card_path,
    expect_provenance,
    training_path,
)
from mesa_gym.scoring import score
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import find_trap

CORNER = "CheeseCorner-v0"
TRAP = find_trap(CORNER)()
CARD = score("stay", TRAP, 4, name="ppo-s0")
PLACES = [card_path(CORNER, "ppo-s0"), training_path(CORNER, "ppo-s0")]
Spoil = Callable[[Path], object]


def replaced(make: Spoil) -> Spoil:
    return lambda path: (path.unlink(), make(path))


def holds(data: bytes) -> Spoil:
    return lambda path: path.write_bytes(data)


def changed(**changes: object) -> Spoil:
    return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | changes))


SPOILS = [replaced(lambda path: path.symlink_to(path)), replaced(Path.mkdir), replaced(os.mkfifo)]
SPOILS += [holds(data) for data in (b"\xff{", b"", b"[" * 100_000)]
FILES = [(place, spoil) for place in PLACES for spoil in SPOILS]
# The episode of an agent that stays lasts until time is up: it cannot go on after that.
EPISODE = changed(episode={"level": 0, "actions": [4] * 65})


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Results of one agent."""
    CARD.save(tmp_path / PLACES[0])
    AgentRecord(trap=CORNER, name="ppo-s0", seed=0, about="PPO", alpha=0.5).save(
        tmp_path / PLACES[1]
    )
    return tmp_path


@pytest.fixture
def rendering(capsys: pytest.CaptureFixture[str]):
    """Return a function that renders results which cannot be, and returns what was told."""

    def rendering(out: Path) -> str:
        assert leaderboard.main(["render", "--out", str(out)]) == 2
        assert not (out / "board").exists()
        return capsys.readouterr().err

    return rendering


def whole(results: Results) -> bool:
    """Whether card and record are found."""
    card = results.has_card(expect_provenance(TRAP, 4), CORNER, "ppo-s0")
    return results.read_training(CORNER, "ppo-s0") is not None and card


@pytest.mark.parametrize(("place", "spoil"), FILES)
def test_a_damaged_result_is_named_by_who_renders(place, spoil: Spoil, out: Path, rendering):
    """Nothing is passed over in silence: a lost record would hide a share of the shift."""
    spoil(out / place)
    told = rendering(out)
    assert str(out / place) in told
    assert "sets the damaged file aside" in told


@pytest.mark.parametrize(
    ("place", "spoil"), [*FILES, (PLACES[0], EPISODE), (PLACES[0], changed(policy="ppo-s1"))]
)
def test_a_damaged_result_is_set_aside_by_who_makes_it(place, spoil: Spoil, out: Path) -> None:
    path, notes = out / place, list[str]()
    assert whole(Results(out, pytest.fail))
    spoil(path)
    assert not whole(Results(out))
    assert path.is_symlink() or path.exists()  # looking changes nothing
    assert not whole(Results(out, notes.append))
    assert [child.name for child in path.parent.iterdir()] == ["ppo-s0.json.damaged-1"]
    assert str(path) in notes[0]


def test_a_link_in_the_place_of_an_agent_is_set_aside(out: Path) -> None:
    agent, notes = Path("agents", CORNER, "ppo-s0"), list[str]()
    (out / agent).parent.mkdir(parents=True)
    (out / agent).symlink_to(out / agent)
    assert Results(out, notes.append).digest_agent(agent, {}) == ""
    assert (len(notes), (out / agent).is_symlink()) == (1, False)


@pytest.mark.parametrize(
    ("trap", "policy", "told"),
    [
        ("Nowhere-v0", "ppo-s0", "move it elsewhere or delete it"),
        (CORNER, "a copy", "neither an agent with its seed, such as ppo-s0, nor a reference"),
        (CORNER, "oracle:door", "move it elsewhere or delete it"),
        (CORNER, "ppo-s1234567890", "move it elsewhere or delete it"),
        (CORNER, "ppo-s0", f"both say that they are the card of ppo-s0 on {CORNER}; delete one"),
    ],
)
def test_stray_cards_are_named(trap: str, policy: str, told: str, out: Path, rendering) -> None:
    stray = out / "cards" / CORNER / "stray.json"
    data = json.loads((out / PLACES[0]).read_text())
    data["provenance"]["trap"] = f"{trap}(size=9x9)"
    stray.write_text(json.dumps(data | {"trap": trap, "policy": policy}))
    error = rendering(out)
    assert str(stray) in error
    assert told in error


def list_agents(folder: Path) -> list[str]:
    return [each.agent for each in read(Results(folder, pytest.fail)).leaderboard.profiles]


def test_an_agent_that_met_the_shift_says_so_by_its_name(tmp_path: Path) -> None:
    write(tmp_path, [card(CORNER, "dqn-s0", 0.5, 0.5)], [training(CORNER, "dqn", 0, 0.5)])
    assert list_agents(tmp_path) == ["dqn-alpha0.5"]


def test_a_record_of_another_agent_is_refused(tmp_path: Path, rendering) -> None:
    """A training without a card is passed over: cards alone decide what is on the board."""
    path = tmp_path / training_path(CORNER, "dqn-s0")
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], [training(CORNER, "dqn", 0, 0.5)])
    assert list_agents(tmp_path) == ["ppo"]
    path.rename(path.with_name("ppo-s0.json"))
    told = rendering(tmp_path)
    assert "ppo-s0.json" in told
    assert f"{CORNER}/{path.name}; move it there" in told


def test_no_cards_at_all_say_what_to_do_first(tmp_path: Path, rendering) -> None:
    assert f"benchmarks board run --out {tmp_path}" in rendering(tmp_path)


def test_a_looping_folder_and_an_episode_of_other_rules_do_not_stop_the_board(out: Path) -> None:
    (out / "cards" / "loop").symlink_to(out / "cards" / "loop")
    EPISODE(out / PLACES[0])
    assert leaderboard.main(["render", "--out", str(out)]) == 0
