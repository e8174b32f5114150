"""The committed leaderboard as text, kept beside its cards: making it reads hundreds of cards."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from mesa_gym.files import read_bytes, write_json
from mesa_gym.json_data import decode_json
from mesa_gym.terminal import say

BOARD = "board.json"
CODE_FOLDER = Path(__file__).parent


def digest_board(folder: Path, sources: Path = CODE_FOLDER) -> str:
    """Return 32 hex digits that differ where a file of cards, or of what words them, is another."""
    digest = blake2b(digest_size=16)
    cards = sorted(path for path in folder.iterdir() if path.name != BOARD)
    for file in (*cards, *sorted(sources.glob("*.py"))):
        data = read_bytes(file)
        digest.update(f"{file.name} {len(data)} ".encode() + data)
    return digest.hexdigest()


def write_board_text(folder: Path, text: str) -> None:
    """Keep a folder's leaderboard as text, beside the cards that it was made of."""
    write_json(folder / BOARD, {"digest": digest_board(folder), "text": text})


def read_board_text(folder: Path) -> str:
    """Return a folder's leaderboard as text; "", and why on standard error, where it is stale."""
    try:
        kept = decode_json(read_bytes(folder / BOARD), dict[str, str])
    except (OSError, ValueError) as error:
        say(f"the leaderboard is made of all its cards, as its text cannot be read ({error})")
        return ""
    if kept.get("digest") == digest_board(folder):
        return kept.get("text", "")
    say("the leaderboard is made of all its cards, as its text is of other cards or code;")
    say("in a checkout python -m docs.results_page writes it")
    return ""
