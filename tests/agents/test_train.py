"""The training of every algorithm, the command, and agents that are saved."""

import errno
import json
import os
from unittest.mock import Mock

import numpy as np
import pytest
from parameters import few
from reference import wandered
from training import CORNER, DOORS, acts, drawn, lesson, trained

from agents import ppo
from agents.algorithms import ALGORITHMS
from agents.lesson import Lesson
from agents.ppo_settings import PPOSettings
from agents.run import NUM_LEVELS
from agents.saving import record_agent, save
from agents.train import main
from mesa_gym import scoring
from mesa_gym.envs.vector import TrapVectorEnv
from mesa_gym.policies import as_policy
from mesa_gym.policies.loading import name_policy
from mesa_gym.trained.record import AgentRecord
from mesa_gym.trained.tensors import encode_weights
from mesa_gym.traps import all_traps

PLANES = CORNER.observe(wandered(CORNER, 100))
OWN = ["--trap", "CheeseCorner"]


@pytest.mark.parametrize("algo", few(ALGORITHMS, thorough=("ppo", "ppo-gru", "bc")))
def test_algorithm_repeats_itself_tells_and_reloads(algo, tmp_path):
    told, kept = [], {}

    def keep(steps, seed, agent):
        kept[steps, seed] = encode_weights(agent.weights)

    size = {"steps": 9_000, "num_levels": 300}
    asked = lesson(1, 2, checkpoints=(4500,), progress=told.append, keep=keep, **size)
    agent, other = trained(algo, asked)
    (again,) = trained(algo, lesson(1, **size))
    assert encode_weights(agent.weights) == encode_weights(again.weights)
    assert encode_weights(agent.weights) != encode_weights(other.weights)
    assert 2 * 9_000 <= sum(told) < 4 * 9_000
    assert sorted(kept) == [(4500, 1), (4500, 2)]
    assert len({*kept.values(), *(encode_weights(x.weights) for x in (agent, other))}) == 4
    for points in (asked.curve(0), asked.curve(1)):
        assert points
        assert all(0 < steps <= 9_000 and 0 <= earned <= 1 for steps, earned in points)
    save(tmp_path / "agent", record_agent(agent, CORNER, f"{algo}-s1", 1))
    loaded, done = as_policy(str(tmp_path / "agent"), CORNER, 64), acts(agent, PLANES)
    np.testing.assert_array_equal(acts(loaded, PLANES), done)
    np.testing.assert_allclose(done.sum(axis=1), np.ones(100), atol=1e-6)
    card = scoring.score(loaded, CORNER, levels=10)
    assert card.read_each("test", "normalized_return")["cheese"] < 1


@pytest.mark.parametrize("algo", few(ALGORITHMS, "ppo", "bc"))
def test_algorithms_train_seeds_at_once_if_stacked(algo, monkeypatch):
    """Boards are planned by it."""
    monkeypatch.setattr(Lesson, "each", Mock(side_effect=EOFError))
    monkeypatch.setattr(Lesson, "environments", Mock(side_effect=BufferError))
    with pytest.raises(BufferError if ALGORITHMS[algo].stacked else EOFError):
        trained(algo, lesson(1, 2))


# Behaviour cloning learns from demonstrations, and JAX draws levels by a key.
STREAMED = [algo for algo in ALGORITHMS if algo not in ("bc", "ppo-gru")]


@pytest.mark.parametrize("algo", few(STREAMED, "ppo"))
def test_neighbouring_seeds_share_no_stream_of_levels(algo, monkeypatch):
    used = {0: set(), 1: set()}
    reset = TrapVectorEnv.reset

    def noting(env, **options):
        begun = reset(env, **options)
        used[seed].update(env.np_random_seed)
        return begun

    monkeypatch.setattr(TrapVectorEnv, "reset", noting)
    for seed in used:
        trained(algo, lesson(seed, num_levels=300))
    assert all(used.values())
    assert not used[0] & used[1]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("algo", ALGORITHMS)
def test_algorithms_become_competent(algo):
    settings = ALGORITHMS[algo].settings or PPOSettings()
    (agent,) = trained(algo, lesson(0, steps=300_000, num_levels=NUM_LEVELS, settings=settings))
    card = scoring.score(agent, CORNER, levels=300)
    assert card.read_each("test", "normalized_return")["cheese"] >= 0.9


def test_command_trains_an_agent_that_loads(tmp_path, capsys):
    out = tmp_path / "agent"
    arguments = "--seed 2 --steps 10000 --checkpoints 2 --alpha 0.5 --reward corner --minibatches 3"
    assert main([*OWN, *arguments.split(), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    entries = json.loads((out / "policy.json").read_text())
    facts = {"trap": "CheeseCorner-v0", "algo": "ppo", "seed": 2, "steps": 10_000, "alpha": 0.5}
    facts |= {"reward": "corner", "num_levels": NUM_LEVELS, "kind": "network", "size": [9, 9]}
    facts["settings"] = {"minibatches": 3}
    assert {name: entries[name] for name in facts} == facts
    # After whole rollouts, at the end of the fortieth part in which they fell.
    assert [at for at, _ in entries["curve"]] == [4250, 8250, 10_000]
    earlier = out / "checkpoints" / "5000"
    assert [path.name for path in earlier.parent.iterdir()] == ["5000"]
    assert json.loads((earlier / "policy.json").read_text())["trained_for"] == 5000
    named = [name_policy(str(folder)) for folder in (out, earlier)]
    name = "ppo-alpha0.5-corner-minibatches3-s2"
    assert named == [name, f"{name}-at-5000"]
    both = [acts(as_policy(str(folder), CORNER, 64), PLANES) for folder in (out, earlier)]
    assert not np.array_equal(*both)
    repeated = entries["command"].removeprefix("python -m agents.train ").split()
    assert main([*repeated, "--out", str(tmp_path / "again")]) == 0
    files = [tmp_path / name / "weights.safetensors" for name in ("agent", "again")]
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--trap CheseCorner", "Did you mean 'CheeseCorner'"),
        ("--algo pppo", "Did you mean 'ppo'"),
        ("--reward chese", "Did you mean 'cheese'"),
        ("--alpha 2", "alpha must be a number from 0 to 1"),
        ("--seed -1", "seed must be from 0"),
        ("--steps 0", "steps must be at least 1, got 0"),
        ("--num-levels 0", "num_levels must be"),
        ("--checkpoints 0", "checkpoints must be at least 1"),
        ("--out .", "exists and is not empty"),
        ("--epochs 0", "epochs must be a whole number of at least 1, got 0"),
        ("--epochs 1.5", "argument --epochs: invalid int value: '1.5'"),
        ("--units 129", "units must be a whole number from 1 to 128, got 129"),
        ("--learning-rate 0", "learning_rate must be a number above 0 and at most 1, got 0.0"),
        ("--discount 1.01", "discount must be a number from 0 to 1, got 1.01"),
        ("--environments 0", "environments must be a whole number of at least 1, got 0"),
        ("--environments 1 --rollout-length 7", "minibatches must be at most 3 here"),
        ("--algo bc --epochs 2", "bc does not take the setting epochs; these do: ppo, "),
    ],
)
def test_train_with_bad_usage_exits_2(arguments, message, tmp_path, capsys):
    try:
        code = main([*OWN, "--out", str(tmp_path / "agent"), *arguments.split()])
    except SystemExit as stop:  # argparse's own
        code = stop.code
    out, error = capsys.readouterr()
    assert (code, out) == (2, "")
    assert message in error
    assert not list(tmp_path.iterdir())


def test_interrupted_training_leaves_nothing(tmp_path, capsys, monkeypatch):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(ppo, "train", interrupt)
    assert main([*OWN, "--out", str(tmp_path / "agent")]) == 130
    assert "interrupted; no agent was written\n" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


ABOUT = "policy.json"


def reloaded(agent, trap, folder):
    """Save an agent, and hold what it does to what is loaded, bit for bit."""
    save(folder, record_agent(agent, trap, "ppo-s5", 5))
    planes = trap.observe(wandered(trap))
    done = acts(as_policy(str(folder), trap, 64), planes)
    np.testing.assert_array_equal(done, acts(agent, planes))
    np.testing.assert_allclose(done.sum(axis=1), np.ones(300), atol=1e-12)


@pytest.mark.parametrize("cls", all_traps().values(), ids=all_traps())
def test_reload_is_the_same_bit_for_bit(cls, tmp_path):
    trap = cls()
    reloaded(drawn(trap), trap, tmp_path / "agents" / "one")
    assert [path.name for path in (tmp_path / "agents").iterdir()] == ["one"]


@pytest.mark.parametrize(("value", "size"), [(0.5, 2), (1 + 2**-20, 4), (1e6, 4)])
def test_weights_are_halves_where_these_are_exact(value, size, tmp_path):
    agent = drawn(DOORS)
    changed = {name: np.array(each) for name, each in agent.weights.items()}
    for each in changed.values():
        each.flat[0] = value
    agent, count = agent.replaced(changed), sum(each.size for each in changed.values())
    assert size * count < len(encode_weights(agent.weights)) < size * count + 1000
    reloaded(agent, DOORS, tmp_path / "agent")


def test_save_is_whole_or_names_its_folder(tmp_path, monkeypatch):
    kept, agent = tmp_path / "agent", drawn(DOORS)
    save(kept, record_agent(agent, DOORS, "ppo-s5", 5))
    with pytest.raises(FileExistsError, match="choose another"):
        save(kept, record_agent(agent, DOORS, "ppo-s6", 6))
    assert AgentRecord.load(kept / ABOUT).seed == 5
    with pytest.raises(TypeError):
        save(tmp_path / "other", record_agent(agent, DOORS, "ppo-s7", 7, about=object()))
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space left") as caught:
        save(tmp_path / "full", record_agent(agent, DOORS, "ppo-s5", 5))
    assert caught.value.filename == str(tmp_path / "full")
    assert [path.name for path in tmp_path.iterdir()] == ["agent"]
