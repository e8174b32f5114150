"""The record of the committed leaderboard: its text, and the files whose cards were checked.

To check a card, its results are computed again from what was played. This takes long for hundreds
of cards, so the record keeps the digests of the checked files and the text that was made of them.
"""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from msgspec import Struct, structs

from mesa_gym.files import hash_file, read_bytes, write_json
from mesa_gym.json_data import decode_json
from mesa_gym.scoring.verdict import digest_rules
from mesa_gym.terminal import say

BOARD_FILE = "board.json"


class BoardRecord(Struct, frozen=True, forbid_unknown_fields=True):
    """The stored text of a leaderboard, and the inputs that it was made of.

    Attributes:
        rules: the digest of the verdict's rules.
        files: name of a file of cards -> digest of its bytes, whose cards were checked.
        text: the text.
        full: the text with all notes.
    """

    rules: str = ""
    files: dict[str, str] = {}
    text: str = ""
    full: str = ""


def digest_cards(folder: Path) -> dict[str, str]:
    """Return name -> digest of each file of cards in a folder."""
    files = sorted(path for path in folder.iterdir() if path.name != BOARD_FILE)
    return {file.name: hash_file(file) for file in files}


def digest_board(folder: Path) -> str:
    """Return 12 hex digits that differ for different files of cards in a folder."""
    files = digest_cards(folder)
    lines = "".join(f"{name} {digest}\n" for name, digest in files.items())
    return blake2b(lines.encode(), digest_size=6).hexdigest()


def write_board_text(folder: Path, text: str, full: str = "") -> None:
    """Store a leaderboard's texts in the folder of its cards, which were checked."""
    record = BoardRecord(digest_rules(), digest_cards(folder), text, full)
    write_json(folder / BOARD_FILE, structs.asdict(record))


def read_record(folder: Path) -> BoardRecord:
    """Return a folder's record; OSError or ValueError if it cannot be read."""
    return decode_json(read_bytes(folder / BOARD_FILE), BoardRecord)


def list_checked(folder: Path) -> dict[str, str]:
    """Return name -> digest of the files whose cards were checked by the present rules."""
    try:
        record = read_record(folder)
    except (OSError, ValueError):
        return {}
    return record.files if record.rules == digest_rules() else {}


def read_board_text(folder: Path, with_notes: bool = False) -> str:
    """Return a folder's leaderboard text; "" if it is stale, with a message on standard error."""
    try:
        record = read_record(folder)
    except (OSError, ValueError) as error:
        say(f"the leaderboard is made of all its cards, as its text cannot be read ({error})")
        return ""
    if record.rules == digest_rules() and record.files == digest_cards(folder):
        return record.full if with_notes else record.text
    say("the leaderboard is made of all its cards, as its text is of other cards or rules;")
    say("in a checkout, `make pages` writes it")
    return ""
