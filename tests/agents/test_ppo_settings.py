"""The settings of PPO: checked, told, recorded, and every one of them arrives in what is learnt."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from parameters import few, thorough
from training import CORNER, lesson, trained

from agents.algorithms import ALGORITHMS
from agents.playing import HostEnvs, Variation
from agents.ppo import Learner
from agents.ppo_settings import NAMES, PPOSettings
from agents.run import Run
from agents.saving import encode_weights
from agents.train import main
from mesa_gym.trained.inputs import CentredInputs
from mesa_gym.trained.stacks import draw_stack

# A training of a moment, and for each setting a value that must change it.
FEW = PPOSettings(environments=16, rollout_length=16)
OTHERS = {
    "learning_rate": 1e-3, "epochs": 1, "minibatches": 3, "environments": 17, "rollout_length": 17,
    "clip": 1e-3, "entropy": 5.0, "value_loss": 2.0, "gae_lambda": 0.5, "discount": 0.5,
    "gradient_norm": 1e-3, "units": 16, "rate_left": 1.0,
}  # fmt: skip
COMMAND = ["--trap", "CheeseCorner", "--num-levels", "50", "--steps", "600"]


def learner(settings):
    asked, view = lesson(1, settings=settings, num_levels=50), CentredInputs(CORNER)
    return Learner(HostEnvs(asked, view, Variation()), asked, view.count)


def train_weights(algo, settings):
    asked = lesson(1, steps=2 * FEW.rollout_steps, num_levels=50, settings=settings)
    (agent,) = trained(algo, asked)
    return encode_weights(agent)


TAKERS = [name for name, each in ALGORITHMS.items() if each.settings]


@pytest.mark.parametrize("algo", few(TAKERS, "ppo", thorough={*TAKERS} - {"ppo-gru"}))
def test_each_setting_that_an_algorithm_takes_changes_what_is_learnt(algo):
    assert [*OTHERS] == [*NAMES]
    usual = train_weights(algo, FEW)
    assert usual == train_weights(algo, FEW)
    taken = ALGORITHMS[algo].list_settings()
    assert ("units" in taken) == ALGORITHMS[algo].units
    for name in taken:
        assert train_weights(algo, replace(FEW, **{name: OTHERS[name]})) != usual, name


def test_with_a_learning_rate_of_nearly_0_weights_stay_as_they_were_drawn():
    drawn = draw_stack(CentredInputs(CORNER).count, (1,))
    moved = []
    for rate in (1e-12, 1e-3):
        made = learner(replace(FEW, learning_rate=rate))
        made.update()
        pairs = zip(made.stack, drawn, strict=True)
        moved.append(max((one - other).abs().max().item() for one, other in pairs))
    assert moved[0] < 1e-6 < 1e-4 < moved[1]


@pytest.mark.parametrize("parts", [1, 3, 7, 128])
def test_minibatches_are_all_steps_of_a_rollout_in_parts_as_equal_as_can_be(parts):
    made, sizes = learner(replace(FEW, minibatches=parts)), []
    made.descend = lambda loss, left: None
    made.loss = lambda batch, left: sizes.append(batch.actions.shape[1])
    made.update()
    assert len(sizes) == 2 * parts
    assert sum(sizes) == 2 * FEW.rollout_steps
    assert max(sizes) - min(sizes) <= (256 % parts > 0)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [-1, -0.5, float("nan"), float("inf"), 10**400, "2", True, None])
def test_a_value_that_makes_no_sense_is_refused(name, value):
    with pytest.raises(
        ValueError, match=f"{name} must be a (whole )?number .*, got {repr(value)[:9]}"
    ):
        PPOSettings(**{name: value})


def test_values_are_kept_as_the_numbers_that_they_are():
    given = PPOSettings(discount=1, epochs=np.int64(3), clip=np.float64(0.3))
    assert [type(getattr(given, each.name)) for each in fields(given)] == [
        type(each.default) for each in fields(given)
    ]
    assert given == PPOSettings(discount=1.0, epochs=3, clip=0.3)
    with pytest.raises(ValueError, match=r"epochs must be a whole number of at least 1, got 2\.0"):
        PPOSettings(epochs=2.0)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_agents_of_other_settings_have_other_names_and_commands(algo):
    run = Run("CheeseCorner", algo)
    assert not run.changes()
    assert run.name == f"{algo}-s0"
    names, commands = {run.name}, {run.command()}
    for name, value in OTHERS.items():
        if name in ALGORITHMS[algo].list_settings():
            other = run.change(**{name: value})
            assert other.facts()["settings"] == {name: value}
            names.add(other.name)
            commands.add(other.command())
        else:
            with pytest.raises(ValueError, match=f"{algo} does not take the setting {name}; .*ppo"):
                run.change(**{name: value})
    assert len(names) == len(commands) == 1 + len(ALGORITHMS[algo].list_settings())
    assert run.facts()["settings"] == {}


def test_what_is_usual_of_one_algorithm_is_a_change_of_another():
    """A convolutional LSTM learns at its own rate; PPO's is a change there, and its own is none."""
    run = Run("CheeseCorner", "ppo-drc")
    assert run.settings == PPOSettings(learning_rate=3e-3)
    assert run.change(learning_rate=5e-3).name == "ppo-drc-learning-rate0.005-s0"
    assert run.change(learning_rate=3e-3) == run
    with pytest.raises(ValueError, match="Did you mean 'learning_rate'"):
        run.change(learnin_rate=1)


@pytest.mark.parametrize("algo", ["ppo", thorough("ppo-drc")])
def test_the_recorded_command_trains_the_same_weights_again(algo, tmp_path):
    given = {"learning_rate": 0.00123, "minibatches": 3, "environments": 8, "entropy": 0.0}
    words = [word for n, v in given.items() for word in (f"--{n.replace('_', '-')}", str(v))]
    assert main([*COMMAND, "--algo", algo, *words, "--out", str(tmp_path / "agent")]) == 0
    entries = json.loads((tmp_path / "agent/policy.json").read_text())
    assert entries["settings"] == given
    changed = "learning-rate0.00123-minibatches3-environments8-entropy0.0"
    assert entries["name"] == f"{algo}-{changed}-s0"
    again = entries["command"].removeprefix("python -m agents.train ").split()
    assert main([*again, "--out", str(tmp_path / "again")]) == 0
    assert main([*COMMAND, "--algo", algo, "--out", str(tmp_path / "usual")]) == 0
    one, other, usual = (
        (tmp_path / name / "weights.safetensors").read_bytes()
        for name in ("agent", "again", "usual")
    )
    assert one == other != usual


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--epochs 0", "epochs must be a whole number of at least 1, got 0"),
        ("--epochs 1.5", "argument --epochs: invalid int value: '1.5'"),
        ("--units 129", "units must be a whole number from 1 to 128, got 129"),
        ("--learning-rate 0", "learning_rate must be a number above 0 and at most 1, got 0.0"),
        ("--learning-rate nan", "learning_rate must be a number above 0 and at most 1, got nan"),
        ("--discount 1.01", "discount must be a number from 0 to 1, got 1.01"),
        ("--entropy inf", "entropy must be a number of at least 0, got inf"),
        ("--gradient-norm 0", "gradient_norm must be a number above 0, got 0.0"),
        ("--environments 100001", "environments must be a whole number from 1 to 100,000"),
        ("--minibatches 2049", "minibatches must be at most 2048 here"),
        ("--environments 1 --rollout-length 7", "minibatches must be at most 3 here"),
        ("--algo bc --epochs 2", "bc does not take the setting epochs; these do: ppo, "),
        ("--algo ppo-vin --units 128", "ppo-vin does not take the setting units; these do: ppo, "),
        ("--algo pppo --epochs 2", "Did you mean 'ppo'"),
    ],
)
def test_bad_options_are_refused_in_words(arguments, message, tmp_path, capsys):
    try:
        code = main([*COMMAND, "--out", str(tmp_path / "agent"), *arguments.split()])
    except SystemExit as stop:  # argparse's own
        code = stop.code
    assert code == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_help_says_of_each_setting_what_it_means_and_is_usually(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for each in fields(PPOSettings):
        _, _, line = told.rpartition(f"--{each.name.replace('_', '-')} ")
        line = line.partition(" --")[0]
        assert f"(default: {each.default}" in line
        assert line.split(": a ")[0].split(" ", 1)[1] not in ("", "of PPO")
    assert (
        "end: a number above 0 and at most 1 (default: 0.005, ppo-drc: 0.003, ppo-gru: 0.008)"
        in told
    )
