"""Copies, and agents of different trainings, are refused as seeds."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from mesa_gym import evaluate
from mesa_gym.cli import main
from mesa_gym.policies import as_policy
from mesa_gym.policies.seeds import digest_policy, require_seeds
from mesa_gym.traps import find_trap

torch = pytest.importorskip("torch")


def make_network(seed):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(9 * 9 * 3, 5))


def make_closure(network):
    return lambda seen: network


def write_agent(folder, weights=b"1", **facts):
    folder.mkdir()
    names = ("trap", "observation", "loader", "weights")
    entries = dict.fromkeys(names, "x") | {"schema": 1, "algo": "ppo"} | facts
    (folder / "policy.json").write_text(json.dumps(entries))
    (folder / "x").write_bytes(weights)
    return folder


def write_model(path, weights, written):
    with zipfile.ZipFile(path, "w") as model:
        model.writestr("data", written)
        model.writestr("policy.pth", weights)
    return path


def refused(policies, told):
    with pytest.raises(ValueError, match=told):
        require_seeds({f"mine-s{seed}": policy for seed, policy in enumerate(policies)})


one, other, closure = make_network(0), make_network(1), make_closure(None)
SAME = "mine-s0 and mine-s1 are one agent, .* is not another seed of mine: leave it out"


def test_seeds_hold_different_weights():
    require_seeds({"mine-s0": one, "mine-s1": other, "mine": one})
    require_seeds({"mine-s0": make_closure(one), "mine-s1": make_closure(one)})  # not looked into


@pytest.mark.parametrize(
    "pair",
    [
        (one, one),
        (one, make_network(0)),
        (closure, closure),
        ("random", "random"),
    ],
    ids=["object", "weights", "callable", "name"],
)
def test_copied_policy_object_as_seed_is_refused(pair):
    refused(pair, SAME)
    with pytest.raises(ValueError, match=SAME):
        evaluate({"mine": pair}, "CheeseCorner", levels=10**6)


def digest(policy):
    return digest_policy(as_policy(policy, find_trap("CheeseCorner")(), 50))


def test_digest_policy_tells_weights_apart():
    assert len(digest(one)) == 32
    assert digest(one) == digest(make_network(0)) != digest(other)
    for policy in ("random", "oracle:base", closure):
        assert digest(policy) == ""


def test_copied_policy_file_as_seed_is_refused(tmp_path):
    first = write_agent(tmp_path / "a", seed=0)
    refused([first, write_agent(tmp_path / "b", seed=1)], SAME)
    refused([first, str(shutil.copytree(first, tmp_path / "c"))], SAME)
    (tmp_path / "a.onnx").write_bytes(b"graph")
    refused([tmp_path / "a.onnx", str(tmp_path / "a.onnx")], SAME)
    saved = [write_model(tmp_path / f"{n}.zip", b"w", f"at {n}") for n in "de"]
    refused(saved, SAME)
    require_seeds({"m-s0": saved[0], "m-s1": write_model(tmp_path / "f.zip", b"v", "at d")})


def test_seeds_of_different_trainings_are_refused(tmp_path):
    first = write_agent(tmp_path / "a", alpha=0.0)
    require_seeds({"m-s0": first, "m-s1": write_agent(tmp_path / "b", b"2", alpha=0.0, seed=1)})
    third = write_agent(tmp_path / "c", b"3", alpha=0.5)
    refused([first, third], r"not seeds of one agent: .*a and .*c differ in alpha, 0\.0 and 0\.5")
    (tmp_path / "a.onnx").write_bytes(b"graph")
    refused([first, tmp_path / "a.onnx"], r"differ in what they are, folder and \.onnx")


@pytest.mark.parametrize("command", ["leaderboard CheeseCorner --name mine", "score CheeseCorner"])
def test_command_refuses_a_copy_before_work(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for seed in range(2):
        write_agent(Path(f"x-s{seed}"), trap="CheeseCorner-v0", name=f"mine-s{seed}")
    assert main([*command.split(), "--policy", "x-s0", "x-s1"]) == 2
    assert "a copy is not another seed of mine" in capsys.readouterr().err
