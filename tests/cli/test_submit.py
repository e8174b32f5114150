"""``mesa-gym submit``: the file of a pull request, and what a maintainer would refuse."""

import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from mesa_gym.cli import main, submit
from mesa_gym.policies import as_policy
from mesa_gym.report import committed
from mesa_gym.scoring import Cards
from mesa_gym.scoring.card_making import find_digest
from mesa_gym.traps import Split
from mesa_gym.traps.cheese_corner import CheeseCorner
from mesa_gym.traps.probation import Probation
from tests.support.cards import made
from tests.support.networks import drawn, write_agent
from tests.support.refusals import refusals

MINE = "--name mine --by 'A. Person' --link https://example.org/mine"


@pytest.fixture(scope="module")
def agents(tmp_path_factory):
    """Return a folder of six untrained agents of CheeseCorner."""
    folder = tmp_path_factory.mktemp("agents")
    for seed in range(6):
        write_agent(folder / f"s{seed}", drawn(CheeseCorner(), seed), CheeseCorner())
    return folder


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Score few levels, beside a board of few cards."""
    monkeypatch.setattr(submit, "EVALUATION_LEVELS", 30)
    monkeypatch.setattr(submit, "read_committed", list)
    monkeypatch.setattr(submit, "read_blind", list)


@pytest.mark.thorough
def test_submitted_file_is_read_as_a_row(run, agents, tmp_path, monkeypatch):
    shutil.rmtree(shutil.copytree(agents, tmp_path / "runs") / "s5")
    code, error = run(f"submit runs {MINE} --about 'a network'")
    assert code == 0, error
    monkeypatch.setattr(committed, "FOLDER", tmp_path)
    assert committed.list_committed() == ["mine"]
    origin = committed.read_origins()["mine"]
    assert (origin.by, origin.standing, origin.about) == ("A. Person", "claimed", "a network")
    cards = committed.read_committed("mine")
    assert [card.policy for card in cards] == [f"mine-s{seed}" for seed in range(5)]
    monkeypatch.setattr(submit, "read_committed", lambda: cards)
    assert run(f"submit runs {MINE} --out again.xz")[0] == 2  # the name is taken
    code, error = run(f"submit runs {MINE.replace('mine', 'other')} --out other.jsonl.xz")
    assert code == 2
    assert "on CheeseCorner-v0 has the weights, answers or actions of mine-s0" in error
    assert not (tmp_path / "other.jsonl.xz").exists()


@pytest.mark.thorough
def test_folder_of_onnx_files_is_submitted(run, tmp_path):
    pytest.importorskip("onnxruntime")
    from tests.policies.test_onnx import CELLS, linear

    folder = tmp_path / "runs" / "CheeseCorner"
    folder.mkdir(parents=True)
    for seed in range(5):
        weights = np.random.default_rng(seed).normal(size=(CELLS, 5))
        (folder / f"{seed}.onnx").write_bytes(linear(weights))
    code, error = run(f"submit runs {MINE}")
    assert code == 0, error
    cards = Cards.load(tmp_path / "mine.jsonl.xz")
    assert [card.policy for card in cards] == [f"mine-s{seed}" for seed in range(5)]
    assert len({card.provenance.digest for card in cards} - {""}) == 5


def test_copy_is_refused_before_it_plays(run, agents, monkeypatch, tmp_path):
    owner = made(policy="ppo-s0")
    trap = CheeseCorner()
    policy = as_policy(str(agents / "s1"), trap, trap.horizon(Split.TEST))
    provenance = replace(owner.provenance, digest=find_digest(policy, trap))
    monkeypatch.setattr(submit, "read_committed", lambda: [replace(owner, provenance=provenance)])
    monkeypatch.setattr(submit, "evaluate", pytest.fail)
    code, error = run(f"submit {agents} {MINE}")
    assert code == 2
    named = f"mine-s1 ({agents / 's1'}) on CheeseCorner-v0 has the weights, answers or actions"
    assert f"{named} of ppo-s0, which is on the leaderboard" in error
    assert not (tmp_path / "mine.jsonl.xz").exists()


def test_copied_actions_are_refused_afterwards():
    other = made(policy="ppo-s0")
    card = replace(made(policy="mine-s0"), provenance=other.provenance)
    with pytest.raises(ValueError, match=r"mine-s0 on CheeseCorner-v0 has .* of ppo-s0, which"):
        submit.require_own_agents([submit.AgentDigest.of(card)], [other])
    submit.require_own_agents([submit.AgentDigest.of(card)], [made(policy="ppo-s1")])


def test_submission_of_repeated_returns_is_noted(agents, tmp_path, monkeypatch, capsys):
    """Weights with a little noise have another digest, but equal returns show the copy."""
    repeated, scored, different = (
        Cards([made(letters, policy=f"{name}-s{seed}") for seed in range(5)])
        for name, letters in (("ppo", "1" * 10), ("mine", "1" * 10), ("sb3", "0" * 10))
    )
    digests = {card.provenance.digest for card in [*repeated, *scored]}
    assert len(digests) == 10
    monkeypatch.setattr(submit, "evaluate", lambda *_, **__: scored)
    monkeypatch.chdir(tmp_path)
    note = (
        "Agents with equal returns on nearly every level, one of which may be a copy: mine and ppo"
        " on CheeseCorner."
    )
    for committed_cards, noted in ((different, False), (repeated, True)):
        monkeypatch.setattr(submit, "read_committed", lambda cards=committed_cards: [*cards])
        assert main(shlex.split(f"submit {agents} {MINE} --force")) == 0
        assert (note in " ".join(capsys.readouterr().out.split())) is noted


@pytest.fixture
def two_traps(agents, tmp_path, monkeypatch):
    """Lay agents of a trap and of a trap of lives into a folder; nothing may be scored."""
    monkeypatch.setattr(submit, "evaluate", pytest.fail)
    shutil.copytree(agents, tmp_path / "runs" / "corner")
    write_agent(tmp_path / "runs" / "life", drawn(Probation()), Probation())


test_bad_submission_is_named_before_work = refusals("cli", "submit", globals(), "two_traps")


def lay(file, count):
    """Put empty files of so many seeds into runs/; a name is that of seed 0."""
    for seed in range(count):
        path = Path("runs", file.replace("0", str(seed)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def test_agents_are_found_by_seed(tmp_path, monkeypatch):
    """Seed 10 comes behind seed 9, and equal seeds of two traps belong together."""
    monkeypatch.chdir(tmp_path)
    lay("CheeseDish/0.onnx", 11)
    lay("CoinRun/v2-run-0-of-mine.onnx", 11)
    found = submit.find_policies(tmp_path / "runs")
    assert [path.name for path in found["CheeseDish-v0"]] == [f"{x}.onnx" for x in range(11)]
    assert [*map(submit.find_seed, found["CoinRun-v0"])] == [*range(11)]


test_folder_without_a_row_is_refused = refusals("cli", "folders", globals())
