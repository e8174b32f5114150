"""``mesa-gym review``: a program's cards are played again, and a forged row is not repeated."""

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from mesa_gym.cli import main, program_row, review, submit
from mesa_gym.policies import programs
from mesa_gym.report.committed import write_cards
from mesa_gym.report.origins import read_origin
from mesa_gym.scoring import Cards

PROGRAM = """
import os
import numpy as np
def make(seed):
    weights = np.random.default_rng(seed).normal(size=(2000, 5))
    def act(obs):
        flat = obs.reshape(len(obs), -1).astype(float)
        scores = np.exp(flat @ weights[: flat.shape[1]])
        return scores / scores.sum(axis=1, keepdims=True)
    act.memory = False
    return act
s0, s1, s2, s3, s4 = map(make, range(5))
def up(text):
    return "up"
"""
SUBMIT = "submit CheeseDish --policy {} --name mine --by me"


@pytest.fixture(scope="module")
def row(tmp_path_factory):
    """Return a folder with the files of a program of five seeds."""
    folder = tmp_path_factory.mktemp("row")
    with pytest.MonkeyPatch.context() as patch:
        set_up(patch, folder)
        Path("a.py").write_text(PROGRAM)
        words = " ".join(f"a.py:s{seed}" for seed in range(5))
        assert main(SUBMIT.format(words).split()) == 0
    return folder


@pytest.fixture(autouse=True)
def copied(row, tmp_path, monkeypatch):
    """Go to a copy of the row; without bubblewrap the program plays without a container."""
    shutil.copytree(row, tmp_path, dirs_exist_ok=True)
    set_up(monkeypatch, tmp_path)


def set_up(patch, folder):
    patch.chdir(folder)
    for module in (program_row, submit, review):
        patch.setattr(module, "EVALUATION_LEVELS", 30)
    patch.setattr(submit, "read_committed", list)
    patch.setattr(submit, "read_blind", list)
    if not shutil.which("bwrap"):
        patch.setattr(programs, "list_container_words", lambda folder, variables: [])


def forge(**changes):
    """Write the first card with other fields, which its author made consistent."""
    cards = Cards.load("mine.jsonl.xz")
    cards = [replace(cards[0], **changes), *cards[1:]]
    write_cards(Path("mine.jsonl.xz"), cards, read_origin(Path("mine.jsonl.xz")))


@pytest.mark.thorough
def test_program_repeats_its_cards_in_container(capsys):
    assert Path("mine.py.txt").read_text() == PROGRAM
    origin = read_origin(Path("mine.jsonl.xz"))
    assert (origin.standing, origin.policies) == ("claimed", ("s0", "s1", "s2", "s3", "s4"))
    assert main(["review", "mine.jsonl.xz", "--salt", "secret"]) == 0
    out = capsys.readouterr().out
    assert out.count("  equal") == 10
    assert '{"mine": {"standing": "rerun"}}' in out


@pytest.mark.thorough
def test_plays_of_another_seed_are_not_repeated(capsys):
    cards = Cards.load("mine.jsonl.xz")
    forge(**{x: getattr(cards[1], x) for x in cards[0].__struct_fields__ if x != "policy"})
    assert main(["review", "mine.jsonl.xz"]) == 1
    assert capsys.readouterr().out.count("other plays") == 1


@pytest.mark.thorough
def test_program_that_draws_is_not_repeated(capsys):
    text = PROGRAM.replace("random(seed)", "random()").replace("default_rng(seed)", "default_rng()")
    Path("a.py").write_text(text)
    words = " ".join(f"a.py:s{seed}" for seed in range(5))
    assert main([*SUBMIT.format(words).split(), "--force"]) == 0
    assert main(["review", "mine.jsonl.xz"]) == 1
    assert capsys.readouterr().out.count("other plays") == 5


@pytest.mark.thorough
def test_deterministic_program_has_one_seed(capsys):
    assert main([*SUBMIT.format("a.py:up").split(), "--force"]) == 0
    assert main(["review", "mine.jsonl.xz"]) == 0


def link_program():
    """Put a link to a file of the machine in place of the program."""
    Path("mine.py.txt").unlink()
    Path("mine.py.txt").symlink_to("/etc/hostname")


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda: Path("mine.py.txt").write_text(PROGRAM + "#"), "was changed or replaced"),
        (lambda: Path("mine.py.txt").unlink(), "there is no program"),
        (link_program, "was changed or replaced"),
        (lambda: Path("mine.py.txt").write_text("#" * 300_000), "a program may have 200,000"),
        (lambda: forge(policy="ppo-s0"), "not those of seeds 0 to 4"),
        (lambda: forge(verdict="base"), "contradicts itself"),
    ],
)
def test_changed_row_is_refused(change, reason, capsys):
    change()
    assert main(["review", "mine.jsonl.xz"]) == 2
    assert reason in " ".join(capsys.readouterr().err.split())
