"""Trained agents to pick: is every one found, and nothing else?"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from desk import Desk
from screens import Begun

from mesa_gym.traps import all_traps
from mesa_gym.viewer import offers
from mesa_gym.viewer.inputs import Key
from mesa_gym.viewer.start import StartScreen


@pytest.fixture(autouse=True)
def _somewhere_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def agent(folder: Path, trap: str = "RedBlueDoors-v0", **says: object) -> None:
    entries = {"schema": 1, "trap": trap, "observation": "planes", "loader": "a:b", "weights": "w"}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.json").write_text(json.dumps(entries | says))


def found(tmp_path: Path) -> dict[str, str]:
    agents, _ = offers.trained(all_traps()["RedBlueDoors-v0"], tmp_path)
    return {offer.spec: offer.detail for offer in agents}


def test_trained_agents_are_found(tmp_path: Path) -> None:
    agent(tmp_path / "runs" / "far" / "one", steps=6_000_000, seed=3, network="centred")
    agent(tmp_path / "runs" / "two", steps="many", seed=True)
    agent(tmp_path / "runs" / "two" / "checkpoints" / "5", steps=20, trained_for=5)
    assert found(tmp_path) == {
        "runs/two": "",
        "runs/far/one": "6,000,000 steps, seed 3, centred",
        "runs/two/checkpoints/5": "5 of 20 steps",
    }


def test_what_is_no_agent_for_the_trap_is_passed_over(tmp_path: Path) -> None:
    agent(tmp_path / "runs" / "good")
    agent(tmp_path / "runs" / "other", trap="KeysChests-v0")
    for hidden in (".venv", ".cache", "node_modules", "a/.git/b"):
        agent(tmp_path / hidden / "agent")
    agent(tmp_path / "runs" / "old", schema=99)
    for name, text in {"cut": '{"schema": 1, "tr', "bytes": "\xff\xfe", "list": "[]"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.json").write_text(text, encoding="latin1")
    (tmp_path / "folder" / "policy.json").mkdir(parents=True)
    (tmp_path / "loop").symlink_to(tmp_path)
    assert found(tmp_path) == {"runs/good": ""}


def test_the_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = all_traps()["RedBlueDoors-v0"]
    agent(tmp_path.joinpath(*"123456"))
    assert offers.trained(trap, tmp_path) == ([offers.Offer("1/2/3/4/5/6", "")], True)
    agent(tmp_path.joinpath(*"1234567"))
    assert offers.trained(trap, tmp_path) == ([offers.Offer("1/2/3/4/5/6", "")], False)
    monkeypatch.setattr(offers, "FOLDERS", 3)
    assert offers.trained(trap, tmp_path) == ([], False)
    screen = StartScreen(Begun())
    screen.handle(Key("return"))
    assert screen.policies is not None
    assert "--policy" in screen.policies.note, "and it says so"


def test_agents_are_picked_by_their_folder(tmp_path: Path) -> None:
    agent(tmp_path / "random", seed=1)  # the name of another policy, too
    agent(tmp_path / os.fsdecode(b"caf\xe9"), seed=2)
    begun = Begun()
    screen = StartScreen(begun)
    with Desk(screen) as desk:
        desk.key("r", "enter", "end", "enter")
        desk.app.screen = screen
        desk.key("up", "enter")
        desk.app.screen = screen
        desk.key("escape", "k", "enter", "end", "enter")
    assert begun.calls == [
        ("RedBlueDoors-v0", "./random"),
        ("RedBlueDoors-v0", f"./{os.fsdecode(bytes([99, 97, 102, 0xE9]))}"),
        ("KeysChests-v0", "stay"),
    ]


def test_an_unreadable_folder_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent(tmp_path / "a" / "locked")
    agent(tmp_path / "b" / "open")
    scandir = os.scandir

    def refusing(path: Path) -> Any:
        if Path(path).name == "a":
            raise PermissionError("locked")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert found(tmp_path) == {"b/open": ""}
