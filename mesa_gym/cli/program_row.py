"""A row of the leaderboard whose agent is a program: reads its file, and plays it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from unicodedata import category

from mesa_gym.errors import shorten
from mesa_gym.files import read_bytes
from mesa_gym.policies.programs import ProgramPolicy
from mesa_gym.policies.seeds import HIDDEN_CATEGORIES
from mesa_gym.report.committed import ENDING
from mesa_gym.scoring import Cards, ScoreCard, evaluate
from mesa_gym.solver.store import EVALUATION_LEVELS

PROGRAM_ENDING = ".py.txt"  # a program among the committed cards cannot be imported
MOST_PROGRAM = 200_000  # bytes
_LAYOUT = "\n\r\t\f"


def name_program(cards: Path) -> Path:
    """Return the path of the program that is beside a file of cards."""
    return cards.with_name(cards.name.removesuffix(ENDING) + PROGRAM_ENDING)


def split_words(words: Sequence[str]) -> tuple[Path, tuple[str, ...]]:
    """Return the file of the words ``FILE.py:NAME``, and their names.

    Raises:
        ValueError: a word has another form, or the words name two files.
    """
    files, names = dict.fromkeys(word.rpartition(":")[0] for word in words), []
    for word in words:
        file, _, name = word.rpartition(":")
        if not (file.endswith(".py") and name.isidentifier()):
            raise ValueError(f"--policy {shorten(word)}: expected FILE.py:NAME")
        names.append(name)
    if len(files) > 1:
        raise ValueError(
            f"--policy names the files {', '.join(files)}; a program is one file, which imports"
            " installed packages alone"
        )
    return Path(*files), tuple(names)


def read_program(path: Path) -> bytes:
    """Return the contents of a program's file.

    Raises:
        ValueError: it is missing, too large, or no text, or has hidden characters, which a
            reviewer would not see.
    """
    if not path.is_file():
        raise ValueError(f"there is no program {path}")
    if (size := path.stat().st_size) > MOST_PROGRAM:
        raise ValueError(
            f"{path} has {size:,} bytes; a program may have {MOST_PROGRAM:,}: submit a network as"
            " weights (ONNX)"
        )
    data = read_bytes(path)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not a text in UTF-8") from None
    hidden = [x for x in text if category(x) in HIDDEN_CATEGORIES and x not in _LAYOUT]
    if hidden:
        raise ValueError(f"{path} contains the hidden character {hidden[0]!a}; remove it")
    return data


def digest_program(program: bytes) -> str:
    """Return 64 hex digits that identify a program; no other file has the same."""
    return hashlib.sha256(program).hexdigest()


def play_program(
    program: bytes,
    names: Sequence[str],
    agent: str,
    traps: Sequence[str],
    contained: bool = False,
    seed: int = 0,
    salt: str = "",
) -> Cards:
    """Return the cards of a program's policies, one seed each; one trap follows another.

    Args:
        program: the contents of its file.
        names: the names of its policies.
        agent: the agent's name.
        traps: names of traps.
        contained: whether it plays in a container.
        seed: the seed for sampling actions.
        salt: an evaluator's secret.
    """
    cards = list[ScoreCard]()
    for trap in traps:
        with ExitStack() as open_policies:
            policies = {}
            for number, name in enumerate(names):
                policy = ProgramPolicy(program, name, trap, contained)
                policies[f"{agent}-s{number}"] = open_policies.enter_context(closing(policy))
            cards += evaluate(policies, [trap], levels=EVALUATION_LEVELS, seed=seed, salt=salt)
    return Cards(cards)
