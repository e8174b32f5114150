"""The leaderboard's text beside its cards: that of the cards, and not believed of others."""

import lzma
import shutil

import pytest

from mesa_gym.cli import main
from mesa_gym.report.committed import FOLDER, join_committed
from mesa_gym.report.kept_board import (
    BOARD,
    CODE_FOLDER,
    digest_board,
    read_board_text,
    write_board_text,
)


def test_kept_text_is_of_this_code(capsys):
    """After a change of the report ``python -m docs.results_page`` writes it."""
    assert read_board_text(FOLDER)
    assert capsys.readouterr().err == ""


def test_digest_knows_the_code_of_columns(tmp_path):
    code = tmp_path / "code"
    shutil.copytree(CODE_FOLDER, code, ignore=shutil.ignore_patterns("__pycache__"))
    assert digest_board(FOLDER, code) == digest_board(FOLDER)
    (code / "board_columns.py").write_bytes(b"ROW_COLUMNS = ()")
    assert digest_board(FOLDER, code) != digest_board(FOLDER)


@pytest.mark.thorough
def test_kept_text_equals_that_of_cards():
    assert read_board_text(FOLDER) == str(join_committed([]))


def change_card(folder):
    """Make the competent cards of plain PPO cards of agents that fail."""
    file = folder / "ppo.jsonl.xz"
    cards = lzma.decompress(file.read_bytes())
    file.write_bytes(lzma.compress(cards.replace(b'"competent":true', b'"competent":false')))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (change_card, "its text is of other cards or code"),
        (
            lambda folder: (folder / "tricks.jsonl.xz").unlink(),
            "its text is of other cards or code",
        ),
        (lambda folder: (folder / BOARD).write_bytes(b"{"), "its text cannot be read"),
        (lambda folder: (folder / BOARD).unlink(), "its text cannot be read"),
    ],
)
def test_stale_text_is_noticed_and_said(change, told, tmp_path, capsys):
    folder = tmp_path / "cards"
    shutil.copytree(FOLDER, folder)
    write_board_text(folder, "as kept")
    assert (read_board_text(folder), capsys.readouterr().err) == ("as kept", "")
    change(folder)
    assert read_board_text(folder) == ""
    assert told in capsys.readouterr().err


@pytest.mark.thorough
def test_command_prints_text_of_changed_cards(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "cards"
    shutil.copytree(FOLDER, folder)
    change_card(folder)
    for module in ("cli.leaderboard", "report.committed"):
        monkeypatch.setattr(f"mesa_gym.{module}.FOLDER", folder)
    assert main(["leaderboard"]) == 0
    found = capsys.readouterr()
    assert str(join_committed([])) in found.out
    assert "its text is of other cards or code" in found.err
