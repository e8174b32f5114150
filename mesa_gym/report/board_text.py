"""The committed leaderboard as text, kept beside its cards: making it reads hundreds of cards."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from mesa_gym.files import read_bytes, write_json
from mesa_gym.json_data import decode_json
from mesa_gym.terminal import say

BOARD = "board.json"


def digest_cards(folder: Path) -> str:
    """Return 32 hex digits that differ where any file of cards or origins is another."""
    found = blake2b(digest_size=16)
    for file in sorted(each for each in folder.iterdir() if each.name != BOARD):
        data = read_bytes(file)
        found.update(f"{file.name} {len(data)} ".encode() + data)
    return found.hexdigest()


def write_board_text(folder: Path, text: str) -> None:
    """Keep a folder's leaderboard as text, beside the cards that it was made of."""
    write_json(folder / BOARD, {"digest": digest_cards(folder), "text": text})


def read_board_text(folder: Path) -> str:
    """Return a folder's leaderboard as text; "", and why on standard error, where it is stale."""
    try:
        kept = decode_json(read_bytes(folder / BOARD), dict[str, str])
    except (OSError, ValueError) as error:
        say(f"the leaderboard is made of all its cards, as its text cannot be read ({error})")
        return ""
    if kept.get("digest") == digest_cards(folder):
        return kept.get("text", "")
    say("the leaderboard is made of all its cards, as its text is of others; in a checkout")
    say("python -m docs.results_page writes it")
    return ""
