"""The studies of Attributes: which agents they train, what they keep, tables and pictures."""

import json

import numpy as np
import pytest
from matplotlib.image import imread

from benchmarks.studies import attributes
from benchmarks.studies.attributes import COLOURS, draw, groups, tables
from benchmarks.studies.groups import LEADS, SeedGroup, SeedRow

SHARES = {"shape": 0.5, "colour": 0.25, "place": 0.25, "none": 0.0}


def row(seed: int, shape: float, **setting: object) -> SeedRow:
    """A row whose shares of shape and colour sum to 0.8 on shift levels, exchanged on twins."""
    shift = {"shape": shape, "colour": 0.8 - shape, "place": 0.1, "none": 0.1}
    twins = shift | {"shape": 0.8 - shape, "colour": shape}
    matrix = {"shift": shift, "twins": twins, "drift": SHARES}
    want = {"shape": 0.25, "colour": 0.5, "place": 0.125}
    return SeedRow(setting, seed, "together", 0.95, matrix, want, 0.25)


def test_every_group_is_a_unit_of_its_own_and_at_least_300_agents_make_the_phase_diagram() -> None:
    names = [each.name(study) for study, found in groups().items() for each in found]
    assert len(set(names)) == len(names)
    phase = groups()["phase"]
    assert sum(group.seeds for group in phase) >= 300
    for group in phase:
        (part,) = group.run.parts()
        seen = "pixels" if group.run.algo == "ppo-pixels" else "planes"
        assert group.setting == {
            "observation": seen,
            "units": group.run.settings.units,
            "steps": part.steps,
            "rho": part.settings.trap.parameters["rho"],
        }


def test_tables_have_means_over_seeds_and_each_seeds_choice_of_two() -> None:
    rows = [row(0, 0.2, rho=1), row(1, 0.6, rho=1), row(0, 0.8, rho=0), row(1, 0.8, rho=0)]
    count, table = tables(rows).split("\n\n")
    assert count == "4 agents; 95% intervals over seeds alone."
    head, _, *lines = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert head[:5] == ["rho", "play", "seeds", "arrival", "shape"]
    first, twins, drift, second = lines[:4]
    assert first[:4] == ["1", "shift", "2", "0.95"]
    assert first[4].startswith("0.400 [")
    assert first[-3:] == ["0.25 / 0.50 / 0.12", "2 together", "0.25 0.75"]
    assert twins[1] == "twins"
    assert twins[-1] == "0.75 0.25"
    # The null has the same figures, each seed's its own; want and verdict are of agents.
    assert drift[1:4] == ["drift", "", ""]
    assert [cell[:5] for cell in drift[4:8]] == ["0.500", "0.250", "0.250", "0.000"]
    assert (second[0], second[4], second[-1]) == ("0", "0.800 [0.800, 0.800]", "1.00 1.00")


def test_curves_over_leads_have_a_line_for_each_training_and_objective() -> None:
    rows = [row(0, 0.5, rho=1)]
    for of, share in (("shape", 0.3), ("place", 0.1)):
        for lead in LEADS:
            rows += [
                row(s, share + 0.1 * s, rho=1, **{"lead of": of, "lead": lead}) for s in (0, 1)
            ]
    *_, table = tables(rows).split("\n\n")
    shape, place = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert shape == ["1", "shape", *["0.35"] * len(LEADS)]
    assert place == ["1", "place", *["0.10"] * len(LEADS)]


@pytest.mark.thorough
def test_bars_are_as_high_as_the_shares(tmp_path) -> None:
    """The area of each colour is its share of all bars."""
    rows = [row(0, shape, units=u, steps=s, rho=r)
            for u in (8, 32) for s in (1, 2) for r, shape in ((0, 0.7), (1, 0.1))]  # fmt: skip
    draw("phase", rows, tmp_path / "a.png")
    seen = (imread(tmp_path / "a.png")[..., :3] * 255).round().astype(int)
    drawn = {}
    for name, colour in COLOURS.items():
        rgb = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
        drawn[name] = (seen == rgb).all(axis=-1).sum()
    whole = sum(drawn.values())
    for name, share in (("shape", 0.4), ("colour", 0.4), ("place", 0.1), ("none", 0.1)):
        # Dots, edges and the legend take a little of each.
        assert drawn[name] / whole == pytest.approx(share, abs=0.03), name


@pytest.mark.thorough
def test_the_command_trains_once_scores_checkpoints_and_leads_and_goes_on(
    units_run_here, tmp_path, capsys, monkeypatch
) -> None:
    few = {
        "rho": [SeedGroup({"rho": 0}, attributes.run("rho=0", steps=1), 5, leads=("place",))],
        "stages": [
            SeedGroup({"training": "a"}, attributes.run("rho=0", "", steps=4096, checkpoints=2))
        ],
    }
    monkeypatch.setattr(attributes, "groups", lambda: few)
    monkeypatch.setattr("benchmarks.studies.groups.LEADS", (0, 2))
    monkeypatch.setattr(attributes, "LEADS", (0, 2))
    command = ["--out", str(tmp_path), "--seeds", "2", "--levels", "20"]
    assert attributes.main(command) == 0
    assert capsys.readouterr().err.count("done: ") == 2
    led = json.loads((tmp_path / "rho-0.json").read_text())
    assert [each["seed"] for each in led] == [0, 1] * 3
    assert [each["setting"].get("lead") for each in led[2::2]] == [0, 2]
    staged = json.loads((tmp_path / "stages-a.json").read_text())
    assert [each["setting"]["after"] for each in staged[::2]] == [2048, 4096, 6144, 8192]
    for each in led + staged:
        for shares in each["matrix"].values():
            assert np.isclose(sum(shares.values()), 1)
    assert (tmp_path / "rho.png").stat().st_size > 5000
    assert (tmp_path / "rho_leads.png").stat().st_size > 5000
    assert not (tmp_path / "stages_leads.png").exists()
    assert attributes.main([*command, "rho"]) == 0
    assert "done: " not in capsys.readouterr().err
    assert attributes.main([*command, "rhoo"]) != 0
    assert "Did you mean 'rho'" in capsys.readouterr().err
