"""Settings and stages of a training: checked, told, recorded, and what they change."""

from dataclasses import fields, replace

import numpy as np
import pytest
from training import FEW, small, train_weights

from agents.algorithms import ALGORITHMS
from agents.compiling import Many, find_device
from agents.loop import StageProgram, TrainingPlan, run_training
from agents.ppo import Learning
from agents.run import Run
from agents.settings import NAMES, PPOSettings
from agents.stages import read_stages
from agents.train import main, train_many
from mesa_gym.trained.loading import load
from mesa_gym.traps.attributes import Attributes

# For each setting a value that must change what is learnt.
OTHERS = {
    "learning_rate": 1e-3, "epochs": 1, "minibatches": 3, "environments": 17, "rollout_length": 17,
    "clip": 1e-3, "entropy": 5.0, "value_loss": 2.0, "gae_lambda": 0.5, "discount": 0.5,
    "gradient_norm": 1e-3, "rate_left": 1.0,
}  # fmt: skip


# Each changes the program, which is then compiled.
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_settings_each_change_what_is_learnt():
    assert [*OTHERS] == [*NAMES]
    usual = train_weights(small())
    for name, value in OTHERS.items():
        assert train_weights(small().change(**{name: value})) != usual, name


@pytest.mark.parametrize("name", NAMES)
def test_settings_with_a_bad_value_are_refused(name):
    for value in (-1, float("nan"), float("inf"), 10**400, "2", True, None):
        told = f"{name} must be a (whole )?number .*, got {repr(value)[:9]}"
        with pytest.raises(ValueError, match=told):
            PPOSettings(**{name: value})


def test_settings_keep_their_declared_number_types():
    given = PPOSettings(discount=1, epochs=np.int64(3), clip=np.float64(0.3))
    assert [type(getattr(given, each.name)) for each in fields(given)] == [
        type(each.default) for each in fields(given)
    ]
    assert given == PPOSettings(discount=1.0, epochs=3, clip=0.3)
    with pytest.raises(ValueError, match=r"epochs must be a whole number of at least 1, got 2\.0"):
        PPOSettings(epochs=2.0)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_run_name_and_command_follow_settings(algo):
    run = Run("CheeseCorner", algo)
    assert run.name == f"{algo}-s0"
    assert run.facts()["settings"] == {}
    names, commands = {run.name}, {run.command()}
    for name, value in OTHERS.items():
        if ALGORITHMS[algo].settings:
            other = run.change(**{name: value})
            assert other.facts()["settings"] == {name: value}
            names.add(other.name)
            commands.add(other.command())
        else:
            with pytest.raises(ValueError, match=f"{algo} does not take the setting {name}; .*ppo"):
                run.change(**{name: value})
    assert len(names) == len(commands) == 1 + len(OTHERS) * bool(ALGORITHMS[algo].settings)


def test_run_name_tells_changes_of_its_algorithm():
    """A learner with a memory has its own rate; PPO's is a change there, and its own is none."""
    run = Run("CheeseCorner", "ppo-gru")
    assert run.settings == ALGORITHMS["ppo-gru"].settings != PPOSettings()
    assert run.change(learning_rate=5e-3).name == "ppo-gru-learning-rate0.005-s0"
    assert run.change(learning_rate=8e-3) == run
    with pytest.raises(ValueError, match="Did you mean 'learning_rate'"):
        run.change(learnin_rate=1)


USUAL = {"steps": 7, "reward": "base", "alpha": 0.0, "num_levels": 50}


def describe(stage):
    names = ("trap", "alpha", "reward", "num_levels")
    return {name: getattr(stage.settings, name) for name in names} | {"steps": stage.steps}


def test_stage_words_replace_defaults():
    words = ["reward='square and red' rho=0 home=corner", ""]
    first, second = read_stages("Attributes", words, USUAL)
    paid = {"trap": first.settings.trap, "reward": "square and red"}
    assert describe(first) == USUAL | paid
    kept = {"rho": 0.0, "home": "corner"}
    assert kept.items() <= first.settings.trap.parameters.items()
    assert second.settings.trap.parameters == Attributes().parameters
    (only,) = read_stages("Attributes", [], USUAL)
    assert describe(only) | {"trap": ""} == describe(second) | {"trap": ""}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["rho"], "expected words such as rho=0.9 in a stage, got 'rho'"),
        (["rho=2"], "the stage 'rho=2': rho must be a number from 0 to 1, got 2"),
        (["rhoo=1"], "Did you mean 'rho'"),
        (["split=shift"], "the stage 'split=shift': unknown word of a stage 'split'"),
        (["steps=x"], "steps must be an integer of at least 1, got 'x'"),
        (["size=11", "rho=0"], "the stages show grids of different sizes or planes"),
        (["shape_planes=2", ""], "the stages show grids of different sizes or planes"),
    ],
)
def test_stage_with_bad_words_is_refused(words, message):
    with pytest.raises(ValueError, match=message):
        read_stages("Attributes", words, USUAL)


def run_loop(stages, report=None, **more):
    """Run the loop on an agent that counts its updates; return it and what updates were told."""
    told, many = [], Many(find_device("cpu"))

    def begin(own):
        return Learning({"count": np.zeros((len(own), 1), np.float32)}, None, None)

    def update(learning, own, number, left):
        told.append((int(number), round(float(left), 6)))
        weights = {"count": learning.weights["count"] + 1}
        return learning._replace(weights=weights), np.array([[number * 2.0, 2.0]])

    def export(weights):
        return int(weights["count"][0])

    programs = [
        StageProgram(256, each.steps // 256, begin, update, export, more.get("judge"))
        for each in stages
    ]
    plan = TrainingPlan(stages, replace(FEW, rate_left=0.2), more.get("checkpoints", 1))
    (found,) = run_training(plan, programs, many, (7,), report)
    return found, told


def stages_of(*steps):
    usual = {"alpha": 0.0, "reward": "base", "num_levels": 50}
    words = [f"steps={each}" for each in steps]
    return read_stages("CheeseCorner", words, usual | {"steps": 1})


def test_rate_falls_in_each_stage():
    found, told = run_loop(stages_of(1024, 1024))
    assert [number for number, _ in told] == [*range(1, 9)]  # no key comes twice
    assert [left for _, left in told] == [1, 0.8, 0.6, 0.4] * 2
    assert found.agent == 8
    assert found.curve == [(256 * i, float(i)) for i in range(1, 9)]
    assert found.earned == 8.0


def test_checkpoints_count_steps_of_all_stages():
    found, _ = run_loop(stages_of(1024, 1024), checkpoints=2)
    assert found.earlier == {512: 2, 1024: 4, 1536: 6}


def test_loop_judges_after_each_tenth():
    class Judging:
        def judge(self, weights, number):
            return [(weights["count"].item(), 0.5, 0.25)]

    seen = []
    stages = stages_of(256 * 20, 256 * 5)
    found, _ = run_loop(stages, lambda *told: seen.append(told), judge=Judging())
    assert [looks[0].steps // 256 for _, looks in seen] == [*range(2, 21, 2), *range(21, 26)]
    assert found.looks == [looks[0] for _, looks in seen]
    assert [each.test for each in found.looks] == [each.steps / 256 for each in found.looks]
    # The mean of the episodes of the last tenth, which is two updates.
    assert [each.earned for each in found.looks][:2] == [1.5, 3.5]


@pytest.mark.thorough
def test_stage_continues_from_the_one_before():
    """With a second stage that learns next to nothing, the agent is that of the first alone."""
    run = small(stages=("steps=512", "steps=256 alpha=0.5"))
    (staged,), alone = train_many(run, (1,)), train_weights(small())
    assert staged.earlier[512].weights == alone != staged.weights


@pytest.mark.thorough
def test_agent_loads_where_planes_are_equal(tmp_path):
    asked = ["--trap", "Attributes", "--steps", "1", "--num-levels", "50", "--quiet"]
    asked += ["--stage", "rho=0.5 home=cell", "--environments", "16", "--rollout-length", "16"]
    assert main([*asked, "--out", str(tmp_path / "agent")]) == 0
    load(tmp_path / "agent", Attributes(rho=0.0, objects=5))
    with pytest.raises(ValueError, match="was trained with planes"):
        load(tmp_path / "agent", Attributes(colour_planes=2))
