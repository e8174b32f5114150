"""Results: of other terms or damaged; `render` names the file, `run` sets it aside and goes on."""

import json
import os
from pathlib import Path

import pytest
from boards import card, training, write

from benchmarks.board import commands as leaderboard
from benchmarks.board.board import read_leaderboard
from benchmarks.jobs.store import Results, agent_path, card_path, label_path, training_path
from mesa_gym.scoring import score
from mesa_gym.trained.record import AgentRecord
from mesa_gym.traps import find_trap

CORNER = "CheeseCorner-v0"
TRAP = find_trap(CORNER)()
CARD = score("stay", TRAP, 4, name="ppo-s0")
PLACES = [card_path(CORNER, "ppo-s0"), training_path(CORNER, "ppo-s0")]
TERMS = {"seed": 0, "alpha": 0.5, "stages": ("one", "two")}
BOTH = dict.fromkeys(PLACES, TERMS)


def replaced(make):
    return lambda path: (path.unlink(), make(path))


def holds(data):
    return lambda path: path.write_bytes(data)


def changed(**changes):
    return lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | changes))


SPOILS = [*map(replaced, (lambda path: path.symlink_to(path), Path.mkdir, os.mkfifo)), holds(b"{")]
FILES = [(place, spoil) for place in PLACES for spoil in SPOILS]
# The episode of an agent that stays lasts until time is up: it cannot go on after that.
EPISODE = changed(episode={"level": 0, "actions": [4] * 65})


@pytest.fixture
def out(tmp_path):
    """Results of one agent."""
    record = AgentRecord(trap=CORNER, name="ppo-s0", seed=0, about="PPO", alpha=0.5)
    for path, result in zip(PLACES, (CARD, record), strict=True):
        result.save(tmp_path / "made")
        (tmp_path / path).parent.mkdir(parents=True)
        Results(tmp_path).keep(tmp_path / "made", path, TERMS)
    return tmp_path


def refuse(out, capsys):
    """Render results that cannot be, and return what was told."""
    assert leaderboard.main(["render", "--out", str(out)]) == 2
    assert not (out / "board").exists()
    return capsys.readouterr().err


def whole(results):
    return not results.find_missing(BOTH)


@pytest.mark.parametrize(("place", "spoil"), FILES)
def test_damaged_result_is_named_by_render(place, spoil, out, capsys):
    """Nothing is passed over in silence: a lost record would hide a share of the shift."""
    spoil(out / place)
    told = refuse(out, capsys)
    assert str(out / place) in told
    assert "sets the damaged file aside" in told


@pytest.mark.parametrize(
    ("place", "spoil"), [*FILES, (PLACES[0], EPISODE), (PLACES[0], changed(policy="ppo-s1"))]
)
def test_damaged_result_is_set_aside_by_run(place, spoil, out):
    path, notes = out / place, list[str]()
    assert whole(Results(out, pytest.fail))
    spoil(path)
    assert not whole(Results(out))
    assert path.is_symlink() or path.exists()  # looking changes nothing
    assert not whole(Results(out, notes.append))
    assert [child.name for child in path.parent.glob("[!.]*")] == ["ppo-s0.json.damaged-1"]
    assert str(path) in notes[0]


def test_damaged_label_makes_a_damaged_result(out):
    label_path(out / PLACES[0]).write_text("{")
    assert Results(out).find_missing(BOTH) == PLACES[:1]


def test_result_without_label_is_known_by_content(out):
    for path in PLACES:
        label_path(out / path).unlink()
    results, (card, record) = Results(out), PLACES
    assert results.find_missing({record: {"seed": 0, "alpha": 0.5}}) == []
    for path, other in ((record, {"alpha": 0.1}), (record, {"levels": 4}), (card, TERMS)):
        with pytest.raises(ValueError, match="choose another --out, or delete it"):
            results.find_missing({path: other})


def test_folder_is_whole_with_all_files(tmp_path):
    agent, notes = agent_path(CORNER, "ppo-s0"), list[str]()
    for name in ("a", "b/c"):
        (tmp_path / "made" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "made" / name).write_text(name)
    results = Results(tmp_path, notes.append)
    (tmp_path / agent).parent.mkdir(parents=True)
    results.keep(tmp_path / "made", agent, TERMS)
    assert results.find_missing({agent: TERMS}) == []
    (tmp_path / agent / "b" / "c").rename(tmp_path / agent / "c")
    assert results.find_missing({agent: TERMS}) == [agent]
    (tmp_path / agent).symlink_to(tmp_path / agent)
    assert results.find_missing({agent: TERMS}) == [agent]
    assert (len(notes), (tmp_path / agent).is_symlink()) == (2, False)


def list_agents(folder):
    return [each.agent for each in read_leaderboard(Results(folder, pytest.fail)).profiles]


def test_agent_that_met_shift_is_named_so(tmp_path):
    write(tmp_path, [card(CORNER, "dqn-s0", 0.5, 0.5)], [training(CORNER, "dqn", 0, 0.5)])
    assert list_agents(tmp_path) == ["dqn-alpha0.5"]


def test_record_of_another_agent_is_refused(tmp_path, capsys):
    """A training without a card is passed over: cards alone decide what is on the board."""
    path = tmp_path / training_path(CORNER, "dqn-s0")
    write(tmp_path, [card(CORNER, "ppo-s0", 0.5, 0.5)], [training(CORNER, "dqn", 0, 0.5)])
    assert list_agents(tmp_path) == ["ppo"]
    path.rename(path.with_name("ppo-s0.json"))
    told = refuse(tmp_path, capsys)
    assert "ppo-s0.json" in told
    assert f"{CORNER}/{path.name}; move it there" in told


def test_missing_cards_say_what_to_do_first(tmp_path, capsys):
    assert f"benchmarks board run --out {tmp_path}" in refuse(tmp_path, capsys)


def test_episode_of_other_rules_is_passed_over(out):
    EPISODE(out / PLACES[0])
    assert leaderboard.main(["render", "--out", str(out)]) == 0
