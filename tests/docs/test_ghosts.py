"""The law of the house: every figure, row and claim on main is made by main."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from agents.algorithms import ALGORITHMS
from mesa_gym.policies.names import references
from mesa_gym.policies.seeds import agent_and_seed
from mesa_gym.report import read_committed
from mesa_gym.report.committed import FOLDER, REFERENCES, TRICKS, list_committed, read_origins
from mesa_gym.report.kept_board import BOARD
from mesa_gym.trained.library import WEIGHTS as WEIGHTS
from mesa_gym.trained.library import read_manifest
from mesa_gym.traps import find_trap
from tests.validity.tricks import make_tricks

ROOT = Path(__file__).parents[2]
CLAIM = re.compile(r"^### (.+?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"`((?:mesa-gym|python) [^`]+)`")
# Command of a claim -> what makes it quick; a whole command where words behind it do not.
QUICK = {
    "mesa-gym certify": "CheeseCorner --levels 100",
    "mesa-gym compare ppo sb3-ppo": "",
    "mesa-gym compare ppo taught": "",
    "mesa-gym leaderboard": "",
    "python -m benchmarks board run --budget leaderboard": "python -m benchmarks board run"
    " --traps CheeseCorner --algorithms ppo --seeds 1 --steps 1 --levels 2 --out {out}",
    "python -m benchmarks.device": "--traps CheeseCorner --seeds 1 --steps 1 --device cpu",
    "python -m docs.examples.retarget": "",
    "python -m docs.results_page": 'python -c "import docs.results_page as it; it.write_parts()"',
    "python -m pytest tests/envs/test_fronts.py": "-k CheeseCorner",
    "python -m pytest tests/scoring/test_card.py": "",
    "python -m pytest tests/solver/test_solution.py": "",
    "python -m pytest tests/traps tests/conformance": "-k CheeseCorner",
    "python -m pytest tests/validity -m calibrate": "-k AbsentSupervisor",
    'python -m pytest -m "" tests/viewer -k playground': "-k 'playground and CheeseCorner'",
}


def list_ghosts():
    """Yield each committed row, weight file and origin that no algorithm of main makes."""
    ours = {name: each for name, each in read_origins().items() if each.standing == "ours"}
    tricks = make_tricks(find_trap("OversightLamp")())
    for card in read_committed():
        agent, seed = agent_and_seed(card.policy)
        if seed is not None and agent not in ours:
            continue  # it was sent in
        untrained = {*references(find_trap(card.trap)), *tricks}
        if agent not in (untrained if seed is None else ALGORITHMS):
            yield f"card {card.policy} on {card.trap}"
    for name in ours.keys() - {REFERENCES, TRICKS}:
        if f" --algorithms {name} " not in ours[name].command:
            yield f"origin of {name}"
    entries = {WEIGHTS / each.weights: each for each in read_manifest()}
    for each in entries.values():
        if each.algo not in ALGORITHMS or f" --algo {each.algo} " not in each.command:
            yield f"entry {each.weights}"
    yield from (f"file {file}" for file in {*WEIGHTS.rglob("*.safetensors")} - entries.keys())
    files = [*list_committed(), REFERENCES, TRICKS]
    known = {f"{name}.jsonl.xz" for name in files} | {"origins.json", BOARD}
    yield from (f"file {file}" for file in FOLDER.iterdir() if file.name not in known)


def test_every_row_and_weight_has_an_algorithm():
    assert [*list_ghosts()] == []


def test_every_claim_has_evidence_null_or_sample():
    claims = dict(CLAIM.findall((ROOT / "docs" / "claims.md").read_text()))
    assert len(claims) > 10
    for claim, text in claims.items():
        marks = set(re.findall(r"^- (\w+(?: \w+)?):", text, re.MULTILINE))
        assert {"Evidence", "Weakest link"} <= marks, claim
        assert marks & {"Null", "Looked at"}, claim
        assert COMMAND.findall(text), f"{claim}: its evidence names no command"


COMMANDS = sorted({*COMMAND.findall((ROOT / "docs" / "claims.md").read_text())})


def test_every_command_of_claims_has_quick_form():
    assert {*COMMANDS} == QUICK.keys()


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_evidence_of_claims_runs(command, tmp_path):
    quick = QUICK[command]
    whole = quick if quick.startswith("python ") else f"{command} {quick}"
    program, *words = shlex.split(whole.format(out=tmp_path / "out"))
    if program == "mesa-gym":  # it writes a picture into the working folder
        words = ["-m", "mesa_gym", *words]
    ran = subprocess.run(
        [sys.executable, *words],
        cwd=tmp_path if program == "mesa-gym" else ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
