"""Whole submissions through the commands: what misbehaves is named, and the rest goes on."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from safetensors.torch import save as tensors
from submitted import CELLS, CORNER, SHAPE, entry, external, linear, submission

from agents.ensemble import Ensemble
from agents.networks import Agent, Centred, Network, fresh
from agents.saving import KINDS, make, weights
from benchmarks import leaderboard
from benchmarks.isolation.loading import Settings
from benchmarks.isolation.onnx_policy import OnnxPolicy
from benchmarks.isolation.policy import Bounds, Isolated
from benchmarks.training import Training
from mesa_gym.errors import PolicyError
from mesa_gym.policies import references
from mesa_gym.scoring import ScoreCard, SplitTrace, record, score
from mesa_gym.traps import find_trap

ROOT = Path(__file__).parents[2]
TRAP = find_trap(CORNER)()
LEVELS = ["--levels", "4"]
GRAPH = linear(np.random.default_rng(0).normal(size=(CELLS, 5)))


def onnx(seed: int = 0) -> dict:
    return entry("onnx", f"s{seed}.onnx", seed, observation="planes")


def submit(folder: Path, out: Path, *more: str) -> int:
    return leaderboard.main(["submit", str(folder), "--out", str(out), *LEVELS, *more])


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory):
    """A submission with good and bad agents, scored: its folder, the results, what was told."""
    home = tmp_path_factory.mktemp("done")
    bad = "def act(seen):\n    raise ValueError('\\x1b[2Jlost')\ndef make(trap):\n    return act"
    agents = [onnx(0), onnx(1), entry("trace", "s2.trace", 2)]
    agents += [entry("code", "code/bad.py", 3, factory="make"), onnx(4)]
    folder = submission(home / "s", *agents, description="PPO <script>alert(1)</script> & more")
    (folder / "s0.onnx").write_bytes(GRAPH)
    (folder / "s1.onnx").write_bytes(linear(np.full((CELLS, 5), np.nan)))
    record("stay", TRAP, 4).save(folder / "s2.trace")
    (folder / "code").mkdir()
    (folder / "code" / "bad.py").write_text(bad)
    (folder / "s4.onnx").write_bytes(b"\x08 and nonsense")
    with pytest.MonkeyPatch.context() as patch:
        told: list[str] = []
        patch.setattr("benchmarks.submissions.submit.say", told.append)
        assert submit(folder, home / "R", "--allow-code") == 1
    return folder, home / "R", "\n".join(told)


def test_the_others_go_on_where_one_misbehaves(done) -> None:
    _, results, told = done
    cards = {path.stem for path in (results / "cards" / CORNER).iterdir()}
    beside = {name.replace(":", "-") for name in references(TRAP)}
    assert cards == {"demo-s0", "demo-s2", *beside}
    who = f"policy 'demo-s%d' on {CORNER}"
    assert f"{who % 1}, train, step 0: it gave [nan nan nan nan nan] in row 0" in told
    assert f"{who % 3}, train, step 0: it raised ValueError: �[2Jlost" in told
    assert f"{who % 4}, being loaded: it raised" in told
    assert "2 of 5 agents scored" in told
    assert "\x1b" not in told


def test_a_graph_cannot_have_its_weights_in_other_files(tmp_path, monkeypatch) -> None:
    """Such as a file of the evaluator's, of which it would tell by what it does."""
    secret = tmp_path / "secret"
    secret.write_bytes(np.ones((CELLS, 5), np.float32).tobytes())
    graph = external(str(secret).lstrip("/"))
    monkeypatch.chdir("/")
    assert OnnxPolicy(graph, "planes", TRAP).act(np.zeros((3, *SHAPE), np.uint8)).shape == (3, 5)
    settings = Settings(CORNER, "onnx", observation="planes")
    with pytest.raises(PolicyError, match="SystemError : 13"):  # EACCES
        Isolated(settings, graph)


def test_what_is_said_of_an_agent_is_kept_as_text(done) -> None:
    """The board shows it, and escapes it."""
    path = done[1] / "training" / CORNER / "demo-s0.json"
    about = "PPO <script>alert(1)</script> & more (A. Person)"
    assert Training.load(path) == Training(trap=CORNER, agent="demo", seed=0, about=about)


def test_an_isolated_agent_has_the_card_that_it_has_otherwise(done) -> None:
    card = ScoreCard.load(done[1] / "cards" / CORNER / "demo-s0.json")
    assert card == score(OnnxPolicy(GRAPH, "planes", TRAP), TRAP, 4, name="demo-s0")


def test_a_trace_is_scored_as_a_trace(done) -> None:
    card = ScoreCard.load(done[1] / "cards" / CORNER / "demo-s2.json")
    assert card == score(record("stay", TRAP, 4), TRAP, 4, name="demo-s2")


@pytest.mark.parametrize("name", ["demo", "Demo"])
def test_cards_of_others_are_not_overwritten(name: str, done, tmp_path, capsys) -> None:
    before = {path: path.read_bytes() for path in done[1].rglob("*.json")}
    folder = submission(tmp_path, onnx(7), name=name)
    (folder / "s7.onnx").write_bytes(GRAPH)
    assert submit(folder, done[1]) == 2
    assert f"has an agent called '{name}' already" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in done[1].rglob("*.json")} == before


def test_code_is_run_only_where_it_is_asked_for(tmp_path: Path, capsys) -> None:
    folder = submission(tmp_path / "s", entry("code", "agent.py", factory="make"))
    (folder / "agent.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert submit(folder, tmp_path / "R") == 2
    assert "demo-s0 on CheeseCorner-v0 is code, which is run only" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()


def test_one_bad_file_is_refused_before_any_work(tmp_path: Path, capsys) -> None:
    folder = submission(tmp_path / "s", onnx(0), onnx(1))
    (folder / "s0.onnx").write_bytes(GRAPH)
    (folder / "s1.onnx").write_bytes(b"\x80\x04\x95")
    assert submit(folder, tmp_path / "R") == 2
    assert "demo-s1 on CheeseCorner-v0: s1.onnx is a pickle" in capsys.readouterr().err
    assert not (tmp_path / "R").exists()


# -- traces ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("recorded", "options", "told"),
    [
        ({"salt": "theirs"}, [], "recorded with a salt"),
        ({"salt": "theirs"}, ["--salt", "mine"], "recorded with another salt"),
        ({}, ["--salt", "mine"], "recorded without a salt"),
        ({"trap": "CoinRun"}, [], "was recorded on CoinRun-v0"),
        ({"levels": 3}, [], "no actions for level 3 of play 'train'"),
    ],
)
def test_traces_of_something_else_are_refused(recorded, options, told, tmp_path, capsys) -> None:
    settings = {"trap": "CheeseCorner", "levels": 4} | recorded
    folder = submission(tmp_path / "s", entry("trace", "x.trace"))
    record("random", **settings).save(folder / "x.trace")
    assert submit(folder, tmp_path / "R", *options) == 2
    assert told in capsys.readouterr().err


def test_traces_longer_than_the_limit_are_refused(tmp_path: Path, capsys) -> None:
    folder = submission(tmp_path / "s", entry("trace", "x.trace"))
    trace = record("stay", TRAP, 4)
    done = trace.plays["test"]
    longer = SplitTrace(done.levels, np.pad(done.actions, [(0, 0), (0, 1)], constant_values=4))
    replace(trace, plays=trace.plays | {"test": longer}).save(folder / "x.trace")
    assert submit(folder, tmp_path / "R") == 2
    assert "the trace has 65 steps for play 'test', where the time limit is 64" in (
        capsys.readouterr().err
    )


# -- weights ---------------------------------------------------------------------------------------


def isolated(data: bytes, architecture: str = "network") -> Isolated:
    return Isolated(Settings(CORNER, "weights", architecture=architecture), data)


def network(seed: int = 0) -> Network:
    return Network(TRAP, fresh(Centred(TRAP).count, (seed,)))


def untrained(kind: str) -> Agent:
    if kind == "network":
        return network()
    return Ensemble(TRAP, [network(0), network(1)]) if kind == "ensemble" else make(kind, TRAP)


def test_weights_act_as_they_do_here() -> None:
    actor = network()
    seen = np.random.default_rng(0).integers(0, 2, (100, *SHAPE), dtype=np.uint8)
    with isolated(weights(actor)) as policy:
        policy.reset(np.ones(100, np.bool_), np.random.default_rng(0))
        np.testing.assert_array_equal(policy.act(seen), actor.act(seen))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_agent_acts_as_it_does_here(kind: str) -> None:
    """Step after step, also after some episodes have begun anew: some kinds remember."""
    actor, rng = untrained(kind), np.random.default_rng(0)
    seen = rng.integers(0, 2, (3, 100, *SHAPE), dtype=np.uint8)
    masks = [np.ones(100, np.bool_), None, rng.random(100) < 0.5]
    with isolated(weights(actor), kind) as policy:
        for mask, observation in zip(masks, seen, strict=True):
            for acting in (policy, actor):
                if mask is not None:
                    acting.reset(mask, np.random.default_rng(0))
            np.testing.assert_array_equal(policy.act(observation), actor.act(observation))


def test_weights_that_are_nan_are_an_error() -> None:
    data = tensors({name: tensor * torch.nan for name, tensor in network().state_dict().items()})
    with (
        isolated(data) as policy,
        pytest.raises(PolicyError, match=r"it gave .nan nan nan nan nan"),
    ):
        policy.act(np.zeros((3, *SHAPE), np.uint8))


def test_weights_of_another_architecture_are_an_error() -> None:
    data = weights(untrained("ensemble"))
    with pytest.raises(PolicyError, match=r"it raised ValueError: Error.* in loading state_dict"):
        isolated(data)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "told"),
    [
        (
            b"\x08" + b"\0" * 7 + b"{" + b"\0" * 100,
            "it raised ValueError: Error while",
        ),
        (
            (lambda h: len(h).to_bytes(8, "little") + h)(
                b'{"x":{"dtype":"F64","shape":[99999999999],"data_offsets":[0,799999999992]}}'
            ),
            "it raised ValueError: Error while",
        ),
    ],
)
def test_tensors_that_lie_about_their_size_are_an_error(data: bytes, told: str) -> None:
    with pytest.raises(PolicyError, match=told):
        isolated(data)


@pytest.mark.slow
def test_an_unknown_architecture_is_an_error() -> None:
    with pytest.raises(PolicyError, match=r"unknown kind of agent 'networks'.*mean 'network'"):
        isolated(weights(network()), "networks")


@pytest.mark.slow
def test_the_default_memory_is_enough_for_code_with_torch(tmp_path: Path) -> None:
    """And it is not for ten times as much."""
    (tmp_path / "agent.py").write_text(
        "import torch\ndef make(trap):\n    def act(seen):\n        torch.zeros(64, 1 << 20)\n"
        "        return [4] * len(seen)\n    return act\n"
    )
    settings = Settings(CORNER, "code", file=str(tmp_path / "agent.py"), factory="make")
    with Isolated(settings, readable=[tmp_path]) as policy:
        assert policy.act(np.zeros((3, *SHAPE), np.uint8)).argmax(axis=1).tolist() == [4] * 3
    with (
        pytest.raises(PolicyError),
        Isolated(
            settings, readable=[tmp_path], bounds=Bounds(memory=Bounds().memory // 10)
        ) as policy,
    ):
        policy.act(np.zeros((3, *SHAPE), np.uint8))


# -- usage -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--seconds", "0"], "--seconds is 0.0; expected a positive number"),
        (["--seconds", "nan"], "expected a positive number"),
        (["--memory", "0"], "'0' is not a whole number"),
    ],
)
def test_bad_usage(arguments, told, done, tmp_path: Path, capsys) -> None:
    try:
        code = submit(done[0], tmp_path, "--allow-code", *arguments)
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    assert told in capsys.readouterr().err


# -- the page --------------------------------------------------------------------------------------


def test_every_test_that_the_page_names_exists() -> None:
    page = (ROOT / "docs" / "security.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)`|`(test_\w+)`", page)
    tests = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE)
    }
    assert {path for path, _ in named if path and not (ROOT / path).exists()} == set()
    assert {test for _, test in named if test} <= tests
    rows = [line for line in page.splitlines() if line.startswith("| ") and "`test_" in line]
    assert len(rows) >= 12
