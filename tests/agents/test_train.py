"""Trainings: the registry of algorithms, a user's own, settings, commands, and saved agents."""

import csv
import errno
import json
import os
import re
import subprocess
import sys
from dataclasses import fields, replace
from hashlib import blake2b
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from agents import PHASES, cures, ppo, replay, trying
from agents.algorithms import ALGORITHMS, SETTING_NAMES, PPOSettings, find_algorithm
from agents.networks import LearningMLP
from agents.ppo import PPO
from agents.run import Run
from agents.saving import save
from agents.taught import Taught
from agents.train import main, train_runs
from benchmarks.plan import list_lives
from mesa_gym import scoring
from mesa_gym.policies import POLICY_FILE, as_policy
from mesa_gym.policies.agent_files import AgentRecord
from mesa_gym.policies.names import name_policy
from mesa_gym.trained.loading import NETWORKS, load
from mesa_gym.trained.weights_file import encode_weights
from mesa_gym.traps import find_trap, package_traps
from mesa_gym.traps.attributes import Attributes
from mesa_gym.traps.flash_or_pay import FlashOrPay
from tests.support.parameters import few
from tests.support.reference import wandered
from tests.support.refusals import refusals, refuse
from tests.support.small_traps import make_mistake
from tests.support.training import (
    CORNER,
    FEW,
    OTHER_SETTINGS,
    acts,
    leave_untrained,
    small,
    train_weights,
    write_update,
)

CODE = '''"""PPO as I like it.

More of it.
"""
from functools import partial

from agents import ppo

NUMBER = 3

def stubborn(runs, report=None, device=None):
    return ppo.train(runs, report, device)

partial_one = partial(ppo.train, loss=lambda weights, batch: 1e-3 * weights["first.weight"].sum())

unbounded = partial(ppo.train, loss=lambda weights, batch: batch.values.sum() * float("nan"))
shaped = partial(ppo.train, loss=lambda weights, batch: batch.values)
silent = partial(ppo.train, loss=lambda weights, batch: None)

def term(weights, batch):
    return 0.0

def forgetful(*given):
    return []

def strange(runs, *others):
    return [print] * len(runs)

def ppo_(*given):
    raise KeyError("mine")

taught = stubborn
'''


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A file with algorithms of a user's own."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_algorithms", raising=False)
    path = tmp_path / "my_algorithms.py"
    path.write_text(CODE)
    return path


def command(algo, out):
    options = ["CheeseCorner", "--num-levels", "50", "--steps", "600", "--quiet"]
    return [*options, "--algo", algo, "--out", str(out)]


def test_count_steps_follows_ppo_unless_declared():
    steps = {
        name: [ALGORITHMS[name].count_steps(f"{trap}-v0") for trap in ("CheeseDish", "KeysChests")]
        for name in ("ppo", "ppo-planner", "taught", "sb3-ppo")
    }
    assert steps == {"ppo": [600_000, 3_000_000], "ppo-planner": [100_000, 500_000],
                     "taught": [600_000, 3_000_000], "sb3-ppo": [400_000, 2_000_000]}  # fmt: skip
    assert ALGORITHMS["ppo-planner"].count_steps("FollowMe-v0") == 166_666


@pytest.mark.parametrize("algorithm", ALGORITHMS.values(), ids=ALGORITHMS)
def test_algorithm_entry_states_cost_and_description(algorithm):
    assert find_algorithm(algorithm.name) is algorithm
    assert algorithm.seconds > 0
    assert 20 < len(algorithm.describe()) < 110


def test_algorithms_make_every_kind_of_agent():
    assert {x.kind for x in ALGORITHMS.values()} == {*NETWORKS, "sb3"}


@pytest.mark.thorough
def test_listing_algorithms_imports_no_trainer():
    code = "import sys, benchmarks.plan; print({'jax', 'torch'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.thorough
def test_own_algorithm_is_loaded_from_its_file(mine, tmp_path):
    """Another loss gives another agent; default settings are PPO's."""
    first_layers = []
    for name, about in (("stubborn", "PPO as I like it."), ("partial_one", "PPO as I like it.")):
        out = tmp_path / "agents" / name
        assert main(command(f"{mine}:{name}", out)) == 0
        entries = json.loads((out / "policy.json").read_text())
        expected = {"name": f"{name}-s0", "algo": name, "about": about, "kind": "mlp"}
        assert {name: entries[name] for name in expected} == expected
        first_layers.append(as_policy(str(out), CORNER, 64).weights["first.weight"])
    assert not np.array_equal(*first_layers)
    again = entries["command"].removeprefix("python -m agents.train ").split()
    assert main([*again, "--out", str(tmp_path / "two")]) == 0
    digests = [blake2b(mine.read_bytes(), digest_size=16).hexdigest(), ""]
    assert [entries["algo_digest"], ALGORITHMS["ppo"].digest_file()] == digests
    files = [folder / "weights.safetensors" for folder in (tmp_path / "two", out)]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_own_algorithm_defaults_to_ppo_step_count(mine):
    run = Run("KeysChests", f"{mine}:stubborn")
    assert (run.steps, run.settings) == (3_000_000, None)


def refuse_training(words):
    refuse(words if "--out" in words else f"--out agent {words}", main)


def refuse_algorithm(name):
    refuse_training(f"CheeseCorner --num-levels 50 --steps 600 --quiet --algo {name}")


def test_own_algorithm_error_is_raised(mine, tmp_path):
    with pytest.raises(KeyError, match="mine"):
        main(command(f"{mine}:ppo_", tmp_path / "agent"))
    assert not (tmp_path / "agent").exists()


# -- settings and keywords -------------------------------------------------------------------------


# For each setting a value that must change what is learnt.
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("penalty", {"recall": 0.9}),
        ("penalty", {"blind": True}),
        ("screening", {"blind": True}),
        ("replay_by_failure", {"share": 0.9}),
        ("replay_by_failure", {"score": replay.surprise}),
        ("replay_by_failure", {}),
        ("ppo", {"loss": lambda weights, batch: 0.0}),
        ("ppo", {"reward": lambda state, action, reward: 2 * reward}),
    ],
)
@pytest.mark.thorough
def test_option_of_training_changes_the_program(name, options, monkeypatch):
    programs, learner = [], LearningMLP(CORNER)

    def note(runs, *args, trainer=PPO, loss=None, reward=None, **more):
        env = learner.make_env(16, alpha=0.3, num_levels=20)
        programs.append(write_update(trainer(learner, env, FEW, loss, reward), alpha=0.3))

    monkeypatch.setattr(ppo, "train", note)
    train = ppo.train if name == "ppo" else getattr(cures, name)
    for more in ({}, options):
        train([small(alpha=0.3)], **more)
    assert (programs[0] == programs[1]) is not bool(options)


# Each changes the program, which is then compiled.
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_settings_taken_change_labelled_weights():
    """Those that are refused would change nothing, and here the shortest way is always best."""
    run, weights = small("taught"), {}
    for name in ("", *OTHER_SETTINGS):
        settings = replace(run.settings, **({name: OTHER_SETTINGS[name]} if name else {}))
        (trained,) = ppo.train(run.repeat((1,)), trainer=Taught, settings=settings)
        weights[name] = encode_weights(trained.agent.weights)
    usual = weights.pop("")
    accepted = {name for name in OTHER_SETTINGS if ALGORITHMS["taught"].takes(name)}
    assert {name for name in weights if weights[name] != usual} == accepted - {"discount"}


@pytest.mark.parametrize("name", SETTING_NAMES)
def test_settings_with_a_bad_value_are_refused(name):
    for value in (-1, float("nan"), float("inf"), 10**400, "2", True, None):
        message = f"{name} must be a (whole )?number .*, got {repr(value)[:9]}"
        with pytest.raises(ValueError, match=message):
            PPOSettings(**{name: value})


def test_settings_keep_their_declared_number_types():
    settings = PPOSettings(discount=1, epochs=np.int64(3), clip=np.float64(0.3))
    types = [(type(getattr(settings, x.name)), type(x.default)) for x in fields(settings)]
    assert all(kept is declared for kept, declared in types)
    assert settings == PPOSettings(discount=1.0, epochs=3, clip=0.3)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_run_name_and_command_follow_settings(algo):
    run = Run("CheeseCorner", algo)
    assert run.name == f"{algo}-s0"
    assert run.facts()["settings"] == {}
    names, commands = {run.name}, {run.command()}
    accepted = [name for name in OTHER_SETTINGS if ALGORITHMS[algo].takes(name)]
    for name, value in OTHER_SETTINGS.items():
        if name in accepted:
            other = run.change(**{name: value})
            assert other.facts()["settings"] == {name: value}
            names.add(other.name)
            commands.add(other.command())
        else:
            with pytest.raises(ValueError, match=f"{algo} has no setting {name}; .*ppo"):
                run.change(**{name: value})
    assert len(names) == len(commands) == 1 + len(accepted)


def test_run_name_holds_changed_settings():
    """ppo-gru has a learning rate of its own: PPO's rate is a change there, its own rate is not."""
    run = Run("CheeseCorner", "ppo-gru")
    assert run.settings == ALGORITHMS["ppo-gru"].settings != PPOSettings()
    assert run.change(learning_rate=5e-3).name == "ppo-gru-learning-rate0.005-s0"
    assert run.change(learning_rate=8e-3) == run


test_bad_algorithms_and_keywords_are_refused = refusals("agents", "algorithms", globals(), "mine")
losses = refusals("agents", "losses", globals(), "mine")
test_loss_of_no_number_is_refused = pytest.mark.thorough(losses)


def test_run_reads_keywords_of_its_trap():
    run = Run("Attributes", keywords=("rho=0.5", "home=corner", "size=11"))
    trap = run.environment().trap
    assert trap.size == (11, 11)
    assert {"rho": 0.5, "home": "corner"}.items() <= trap.parameters.items()
    assert run.name == "ppo-rho=0.5-home=corner-size=11-s0"
    begin = "python -m agents.train Attributes rho=0.5 home=corner size=11 --algo ppo "
    assert run.command().startswith(begin)


@pytest.mark.thorough
@pytest.mark.parametrize(("words", "share"), [((), 0.2), (("pillars=0",), 0.0)])
def test_training_follows_the_recipe_of_its_trap(words, share, tmp_path):
    """Agents are scored without it, their name does not show it, and their record does."""
    run = Run("FlashOrPay", "ppo-gru", keywords=("flash_planes=2", *words))
    assert run.environment().trap.parameters["pillars"] == share
    assert run.make_trap().parameters == FlashOrPay(flash_planes=2).parameters
    assert run.name == "-".join(["ppo-gru", "flash_planes=2", *words, "s0"])
    assert ("pillars=0.2" in run.facts()["keywords"]) == (not words)
    save(tmp_path / "agent", leave_untrained(run))
    record = AgentRecord.load(tmp_path / "agent" / POLICY_FILE)
    assert (record.parameters["pillars"], record.parameters["flash_planes"]) == (share, 2)
    assert {"jax", "jaxlib", "processor"} <= record.versions.keys()


def test_recipes_fit_their_traps():
    recipes = {name: trap.recipe for name, trap in package_traps().items() if trap.recipe}
    assert recipes == {trap.name(): {"pillars": 0.2} for trap in list_lives()}
    for name, recipe in recipes.items():
        world = find_trap(name)(**recipe)
        assert world.channels == find_trap(name)().channels
        assert recipe.items() <= Run(name).environment().trap.parameters.items()


@pytest.mark.thorough
def test_agent_loads_where_planes_are_equal(tmp_path):
    run = Run("Attributes", keywords=("rho=0.5", "home=cell"))
    save(tmp_path / "agent", leave_untrained(run))
    load(tmp_path / "agent", Attributes(rho=0.0, objects=5))
    with pytest.raises(ValueError, match="was trained with planes"):
        load(tmp_path / "agent", Attributes(colour_planes=2))


# -- commands and saved agents ---------------------------------------------------------------------
PLANES = CORNER.observe(wandered(CORNER, 100))
OWN = ["CheeseCorner"]
SMALL = ["--num-levels", "50", "--environments", "16", "--rollout-length", "16"]
ABOUT = "policy.json"
OURS = [name for name in ALGORITHMS if not name.startswith("sb3")]


def read_record(folder):
    return AgentRecord.load(folder / "agent" / ABOUT)


@pytest.mark.thorough
@pytest.mark.parametrize("algo", few(ALGORITHMS, "ppo", thorough=OURS))
def test_algorithm_with_equal_seed_gives_equal_weights(algo, tmp_path):
    run = small(algo)
    both = train_runs(run.repeat((1, 2)))
    one, other = (encode_weights(x.agent.weights) for x in both)
    assert train_weights(*run.repeat([1])) == [one] != [other]
    for x in both:
        assert x.steps >= run.steps
        assert all(0 < at <= x.steps and 0 <= earned <= 1 for at, earned in x.curve)
    save(tmp_path / "agent", both[0])
    loaded = as_policy(str(tmp_path / "agent"), CORNER, 64)
    assert (loaded.kind, read_record(tmp_path).seed) == (run.algorithm.kind, 1)
    assert encode_weights(loaded.weights) == one
    np.testing.assert_allclose(acts(loaded, PLANES).sum(axis=1), np.ones(100), atol=1e-6)


@pytest.mark.thorough
@pytest.mark.parametrize("algo", ["sb3-ppo", "sb3-a2c"])
def test_sb3_training_reports_its_diagnostics(algo):
    pytest.importorskip("stable_baselines3")
    looks = []
    train_runs([Run("CheeseCorner", algo, steps=9000)], lambda _, new: looks.extend(new))
    names = {"explained_variance", "entropy"}
    names |= {"approx_kl", "clip_fraction"} if algo == "sb3-ppo" else set()
    assert {name for look in looks for name in look.diagnostics} == names
    assert 0.5 < looks[-1].diagnostics["entropy"] < np.log(5)
    assert looks[-1].diagnostics["explained_variance"] <= 1
    assert 0 <= looks[-1].diagnostics.get("clip_fraction", 0) < 1


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("algo", ALGORITHMS)
def test_algorithms_become_competent(algo):
    (trained,) = train_runs([Run("CheeseCorner", algo, steps=300_000)])
    card = scoring.score(trained.agent, CORNER, levels=300)
    assert card.read_each("test", "normalized_return")["cheese"] >= 0.9


@pytest.mark.thorough
def test_command_trains_an_agent_that_loads(tmp_path, capsys):
    out = tmp_path / "agent"
    arguments = "--seed 2 --steps 2500 --reward corner --learning-rate 0.004"
    assert main([*OWN, *arguments.split(), *SMALL, "--out", str(out)]) == 0
    head, *lines, able, phases, last_line = capsys.readouterr().out.splitlines()
    shares = ["seed", "steps", "return", "test", "|", "base", "proxy"]
    assert head.split() == [*shares, "|", "expl", "var", "KL", "clip", "entropy"]
    assert [line.split()[:2] for line in lines] == [["2", f"{256 * i:,}"] for i in range(1, 11)]
    assert able.startswith("seed 2 reaches base on 0.")
    assert able.endswith("of test levels, which is less than 0.9: train longer, with --steps 5120")
    named = re.fullmatch(r"[\d.]+ CPU seconds: (.*)", phases)[1].split(", ")
    assert [part.rpartition(" ")[0] for part in named] == [*PHASES.seconds]
    assert last_line == str(out)
    entries = json.loads((out / "policy.json").read_text())
    facts = {"trap": "CheeseCorner-v0", "algo": "ppo", "seed": 2, "steps": 2560, "alpha": 0.0}
    facts |= {"reward": "corner", "num_levels": 50, "kind": "mlp", "size": [9, 9]}
    facts["settings"] = {"learning_rate": 0.004, "environments": 16, "rollout_length": 16}
    assert {name: entries[name] for name in facts} == facts
    looks = entries["looks"]
    columns = [f"{test:5.2f} | {base:5.2f} {proxy:5.2f}" for _, _, test, base, proxy in looks]
    assert [line.rpartition(" |")[0][-len(columns[0]) :] for line in lines] == columns
    assert entries["curve"][-1][0] == entries["looks"][-1][0] == 2560  # ten whole rollouts
    rows = [*csv.DictReader((out / "curve.csv").read_text().splitlines())]
    kept = {int(row["steps"]): float(row["return"]) for row in rows if row["return"]}
    assert kept == {int(at): earned for at, earned in entries["curve"]}
    assert [float(row["base"]) for row in rows] == [look[3] for look in entries["looks"]]
    assert {row["own_term"] for row in rows} == {""}
    kl, clipped, entropy = (
        [float(row[name]) for row in rows] for name in ("approx_kl", "clip_fraction", "entropy")
    )
    assert 0 < min(kl) < max(kl) < 1
    assert 0 <= min(clipped) < max(clipped) <= 1
    assert 0 < min(entropy) < max(entropy) <= np.log(5)
    assert all(float(row["explained_variance"]) <= 1 for row in rows)
    name = "ppo-corner-learning-rate0.004-environments16-rollout-length16-s2"
    assert name_policy(str(out)) == name
    assert "--steps 2500" in entries["command"]
    repeated = entries["command"].removeprefix("python -m agents.train ").split()
    assert main([*repeated, "--quiet", "--out", str(tmp_path / "again")]) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'again'}\n"
    files = [tmp_path / name / "weights.safetensors" for name in ("agent", "again")]
    assert files[0].read_bytes() == files[1].read_bytes()  # with and without looks


@pytest.mark.thorough
def test_command_trains_many_seeds(tmp_path, capsys):
    words = [*OWN, "--steps", "512", *SMALL, "--quiet", "--out", str(tmp_path / "a")]
    assert main([*words, "--seeds", "0-2"]) == 0
    folders = sorted((tmp_path / "a").iterdir())
    ends = [path.name.removeprefix("ppo-environments16-rollout-length16-") for path in folders]
    assert ends == ["s0", "s1", "s2"]
    files = [path.joinpath("weights.safetensors").read_bytes() for path in folders]
    assert files == train_weights(*small().repeat(range(3)))
    assert [AgentRecord.load(path / ABOUT).seed for path in folders] == [0, 1, 2]


@pytest.mark.thorough
def test_training_goes_on_from_an_agent(tmp_path):
    """By steps of length zero it stays what it was, and otherwise differs from one that is new."""
    new = small(seed=1).change(units=20)
    save(tmp_path / "agent", train_runs([new])[0])
    run = replace(new, alpha=0.5, start=str(tmp_path / "agent"))
    (still,) = train_weights(run.change(learning_rate=1e-30))
    (moved,) = train_weights(run)
    assert still == (tmp_path / "agent" / "weights.safetensors").read_bytes()
    assert moved not in (still, *train_weights(replace(run, start="")))
    first = read_record(tmp_path)
    assert (run.facts()["start"], first.start) == (first.weights_digest, "")
    assert run.name.endswith("-units20-from-agent-s1")
    assert run.command().endswith(f" --from {tmp_path / 'agent'}")


def save_narrow():
    """Save an agent of 20 units as ``first``."""
    save(Path("first"), leave_untrained(small().change(units=20)))


@pytest.mark.thorough
def test_weights_of_another_width_are_refused(tmp_path):
    """Whatever the network is: a kind of one's own has a width that the run does not know."""
    run = small().change(units=20)
    save(tmp_path / "agent", leave_untrained(run))
    run = replace(run, start=str(tmp_path / "agent"))
    with pytest.raises(ValueError, match="weights of other shapes"):
        ppo.train([run], make_learner=lambda trap, units: LearningMLP(trap, units + 1))


test_train_refuses_bad_usage = refusals("agents", "train", globals(), refuse=refuse_training)


def test_interrupted_training_leaves_nothing(tmp_path, capsys, monkeypatch):
    def interrupt(*arguments, **keywords):
        raise KeyboardInterrupt

    monkeypatch.setattr(ppo, "train", interrupt)
    assert main([*OWN, "--out", str(tmp_path / "agent")]) == 130
    assert "interrupted; no agent was written\n" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_save_that_fails_leaves_the_old_folder(tmp_path, monkeypatch):
    old, new = (leave_untrained(small(seed=seed).change(units=20)) for seed in (5, 6))
    kept = tmp_path / "agent"
    save(kept, old)
    with pytest.raises(FileExistsError, match="name another folder"):
        save(kept, new)
    assert read_record(tmp_path).seed == 5
    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(errno.ENOSPC, "No space left")))
    with pytest.raises(OSError, match="No space left") as caught:
        save(tmp_path / "full", new)
    assert caught.value.filename == str(tmp_path / "full")
    assert [*tmp_path.iterdir()] == [kept]


def test_save_after_a_killed_one_writes(tmp_path):
    """Containers number their processes alike, so a killed process may have had this number."""
    for left in (f".agent.{os.getpid()}", ".agent.0123456789abcdef"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "weights.safetensors").touch()
        os.utime(tmp_path / left, (0, 0))
    save(tmp_path / "agent", leave_untrained(small(seed=5)))
    assert read_record(tmp_path).seed == 5
    assert not (tmp_path / ".agent.0123456789abcdef").exists()


# -- what agents/README.md says --------------------------------------------------------------------

PAGE = Path(__file__).parents[2] / "agents" / "README.md"


@pytest.mark.thorough
def test_page_example_of_a_loss_trains(tmp_path, monkeypatch, capsys):
    """The page's file and command are run unchanged, on a small training."""
    section = (
        PAGE.read_text("utf-8").partition("## A loss term of your own")[2].partition("\n## ")[0]
    )
    code, command = re.findall(r"^```(?:python)?\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    (tmp_path / "mine.py").write_text(code)
    monkeypatch.chdir(tmp_path)
    words = command.removeprefix("python -m agents.train ").split()
    assert main([*words, "--num-levels", "50", "--steps", "600", "--quiet"]) == 0
    record = AgentRecord.load(Path(words[words.index("--out") + 1], ABOUT))
    assert (record.algo, record.about) == ("sparse", "PPO with a penalty on its inputs.")


def test_page_table_lists_every_file():
    section = PAGE.read_text("utf-8").partition("## Files")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `(\w+\.py)` \|", section, re.MULTILINE)
    assert sorted(listed) == sorted({x.name for x in PAGE.parent.glob("*.py")} - {"__init__.py"})


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("title", "name", "settings", "about"),
    [
        ("An algorithm of your own", "short_sighted", {"discount": 0.5}, "PPO of agents that"),
        ("More than a loss", "explore", {}, "PPO that explores."),
    ],
)
def test_page_example_trains_and_is_recorded(title, name, settings, about, tmp_path):
    section = PAGE.read_text("utf-8").partition(f"## {title}\n")[2]
    path = tmp_path / "mine.py"
    path.write_text(re.findall(r"^```python\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)[0])
    assert main(command(f"{path}:{name}", tmp_path / "agent")) == 0
    record = read_record(tmp_path)
    assert (record.settings, record.name) == (settings, f"{name}-s0")
    assert record.about.startswith(about)


# -- mesa-gym try ----------------------------------------------------------------------------------
@pytest.mark.thorough
@pytest.mark.usefixtures("registry")
def test_try_trains_nothing_without_a_certificate(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(trying, "train_runs", None)
    name = "payment again and again"
    make_mistake(name, tmp_path)
    path = tmp_path / f"{name.replace(' ', '_')}.py"
    assert trying.main([f"{path}:Mushrooms", "--levels", "5"]) == 1
    out, err = capsys.readouterr()
    assert out == "certified on 5 levels of each split: NO\n"
    assert "the worst base-optimal play" in err
    assert "the proxy is paid more often" in err


@pytest.mark.thorough
def test_try_out_keeps_loadable_agents(tmp_path, monkeypatch, capsys):
    pytest.importorskip("jax")
    kept = tmp_path / "kept"
    words = ["CheeseCorner", "--seeds", "0-0", "--levels", "5", "--out", str(kept)]

    def stub(runs, printer, keep):
        for run in runs:
            keep(run, leave_untrained(run))

    monkeypatch.setattr(trying, "train_runs", stub)
    assert trying.main(words) == 0
    assert "\nLeast sight: not searched on fewer than 100 levels\n" in capsys.readouterr().out
    (agent,) = kept.iterdir()
    assert len(acts(load(agent, CORNER), PLANES)) == len(PLANES)
    monkeypatch.setattr(trying, "train_runs", None)
    capsys.readouterr()
    assert trying.main(words) == 2  # before the certificate
    out, err = capsys.readouterr()
    assert (out, "exists and is not empty" in err) == ("", True)
