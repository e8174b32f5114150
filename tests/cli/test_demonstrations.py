"""``mesa-gym demonstrations``: what it refuses without Minari, and a dataset with it."""

import gc

import numpy as np
import pytest

from mesa_gym.cli import main
from mesa_gym.probing import demonstrate
from mesa_gym.scoring import ENDED
from mesa_gym.traps import Split, find_trap

NAME = "mesa-gym/cheese-corner/corner-v0"
COMMAND = f"demonstrations --trap CheeseCorner --split shift --levels 7 --out {NAME} --objective"


# Minari removes its temporary folder, and leaves the object that stands for it to be collected.
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*TemporaryDirectory:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def minari(tmp_path, monkeypatch):
    """Minari with what it needs, whose datasets go into a folder of the test."""
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    *_, module = map(pytest.importorskip, ("h5py", "jax", "minari"))
    yield module
    gc.collect()


def test_demos_records_oracle_episodes_and_never_overwrites(minari, tmp_path, capsys):
    assert main(f"{COMMAND} corner".split()) == 0
    dataset = minari.load_dataset(NAME)
    trap = find_trap("CheeseCorner")()
    starts, actions = demonstrate(trap, "corner", Split.SHIFT, range(7))
    assert len(dataset) == 7
    for level, (episode, taken) in enumerate(zip(dataset, actions, strict=True)):
        assert episode.actions.tolist() == taken[taken != ENDED].tolist()
        assert set(episode.infos["level"]) == {level}
        np.testing.assert_array_equal(episode.observations[0], trap.observe(starts)[level])
        np.testing.assert_array_equal(episode.rewards, episode.infos["reward_corner"][1:])
        assert episode.rewards.sum() == 1
    metadata = dataset.storage.metadata
    assert metadata["algorithm_name"] == "oracle:corner"
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")}
    assert main(f"{COMMAND} cheese".split()) == 2
    assert f"the dataset '{NAME}' exists already" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.*")} == before


@pytest.mark.parametrize("name", ["/tmp/x-v0", "t/x-v0", "cheese", "a b-v0"])
def test_demos_are_checked_before_work(name, minari, monkeypatch, capsys):
    """Minari checks the name (a namespace of one letter is refused); the levels are checked too."""
    monkeypatch.setattr("mesa_gym.cli.demonstrations.demonstrate", None)
    assert main(["demonstrations", "CheeseCorner", "--levels", "0", "--out", name]) == 2
    assert "levels must be an integer of at least 1" in capsys.readouterr().err
    assert main(["demonstrations", "CheeseCorner", "--out", name]) == 2
    assert "cannot be a dataset's name; expected one such as" in capsys.readouterr().err
