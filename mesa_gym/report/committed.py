"""The committed score cards: they are included in the package and form the leaderboard.

The first line of a file in ``cards/`` contains an agent's origin; the other lines contain the cards
of all its seeds on all traps. ``references.jsonl.xz`` contains the cards of untrained policies, and
``tricks.jsonl.xz`` the cards of scripts that are designed to look good. ``reviews.json`` contains
what maintainers say of each agent: a submitted file cannot say it.
"""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import structs

import mesa_gym
from mesa_gym.contents import read_content
from mesa_gym.errors import shorten, unknown
from mesa_gym.files import hash_file, write_bytes
from mesa_gym.json_data import decode_json
from mesa_gym.policies.agent_files import digest_weights
from mesa_gym.policies.seeds import agent_and_seed, change_agent
from mesa_gym.report.board_columns import LEARNER
from mesa_gym.report.board_record import digest_board, list_checked
from mesa_gym.report.board_rows import (
    UNTRAINED,
    YOUR_AGENT,
    YOURS,
    Origin,
    is_reference,
    list_board_traps,
    name_oracle,
)
from mesa_gym.report.board_text import Leaderboard
from mesa_gym.report.groups import group_cards, list_cards
from mesa_gym.report.joining import make_leaderboard
from mesa_gym.report.origins import Review, read_origin, read_reviews
from mesa_gym.scoring import ScoreCard
from mesa_gym.scoring.card_checks import check_card
from mesa_gym.scoring.conclusions import conclude
from mesa_gym.scoring.evidence import AGENT_ROW, BLIND, encode, read_letters
from mesa_gym.scoring.verdict import digest_rules
from mesa_gym.traps import Trap, look_up_trap

FOLDER = Path(__file__).with_name("cards")
REFERENCES, TRICKS = "references", "tricks"
ENDING = ".jsonl.xz"
OTHER_PROCESSOR = (
    "on another processor it is another agent of the same seed: compare the counts of five seeds"
)
_DATE = re.compile(r" \(\d{4}-\d{2}-\d{2}\)$")


def read_committed(*rows: str) -> list[ScoreCard]:
    """Return the committed cards, by agent, trap and seed.

    ::

        report.compare([*report.read_committed("ppo"), *mine], "mine", "ppo")

    The results of cards in new or changed files are computed again (``board_record``).

    Args:
        rows: names of leaderboard rows, such as "ppo" or "oracle" (base oracles' cards are then
            renamed to ``oracle``); without names, all cards are returned.

    Raises:
        UnknownNameError: the leaderboard has no such row.
        ValueError: a card contradicts itself; the message names its file.
    """
    for name in rows:
        if name not in list_board_rows():
            raise unknown("row of the leaderboard", name, list_board_rows())
    if not rows:
        return [card for file in list_files() for card in _read_file(file)]
    return [card for name in rows for card in _read_row(name)]


def list_board_rows() -> list[str]:
    """Return the names of the leaderboard's rows: committed agents, then untrained policies."""
    return [*list_committed(), *UNTRAINED]


def list_committed() -> list[str]:
    """Return the names of the committed agents."""
    return [name for name in list_files() if name not in (REFERENCES, TRICKS)]


def _read_row(name: str) -> list[ScoreCard]:
    if name in list_committed():
        return _read_file(name)
    untrained = read_blind() if name == BLIND else _read_file(REFERENCES)
    return [card for card in map(name_oracle, untrained) if card.policy == name]


def _read_file(name: str) -> list[ScoreCard]:
    path = FOLDER / f"{name}{ENDING}"
    return [*map(deepcopy, _decode_file(path, path.stat().st_mtime_ns))]


@lru_cache(maxsize=64)  # the same rows are asked for again; a copy takes a quarter as long
def _decode_file(path: Path, modified: int) -> tuple[ScoreCard, ...]:
    checked = hash_file(path) == list_checked(path.parent).get(path.name)
    return tuple(decode_card(line, path, checked) for line in read_lines(path))


def read_lines(path: Path) -> list[bytes]:
    """Return the cards of a file in JSON, without the origin in the first line."""
    ((_, data),) = read_content(path)
    return data.splitlines()[1:]


def list_files() -> list[str]:
    """Return the names of the files of cards."""
    return sorted(file.name.removesuffix(ENDING) for file in FOLDER.glob(f"*{ENDING}"))


def find_agent(agent: str, seed: int | None, trap: Trap) -> None:
    """Refuse to load an agent of the leaderboard, because only its score cards are included.

    Raises:
        ValueError: the leaderboard has a row with this name.
    """
    if agent not in list_board_rows():
        return
    has = f"of {shorten(agent)} there are score cards alone, which compare and leaderboard take"
    if agent not in list_committed():
        raise ValueError(f"{has}; it is a control that no command plays")
    training, origin = f"{trap.name()} --algo {agent}", read_origins()[agent]
    ours = f"in a checkout python -m agents.train {training} trains one; {OTHER_PROCESSOR}"
    raise ValueError(f"{has}; {ours if origin.standing == 'ours' else f'see {origin.link}'}")


def list_agents(trap: str = "") -> dict[str, str]:
    """Return {}: this module has cards but no agents that can play."""
    return {}


def read_origins() -> dict[str, Origin]:
    """Return agent -> origin (such as author and date) for the committed agents.

    Standing and link are those of ``read_reviews``.
    """
    origins, reviews = {}, read_reviews(FOLDER)
    for name in list_files():
        if origin := read_origin(FOLDER / f"{name}{ENDING}"):
            review = reviews.get(name, Review())
            origins[name] = structs.replace(origin, standing=review.standing, link=review.link)
    return origins


def join_committed(
    cards: Iterable[ScoreCard], traps: Sequence[str] = (), date_made: str = ""
) -> Leaderboard:
    """Make the leaderboard of the committed agents and further agents.

    The date is appended to the further agents' names, so that they differ from committed names.

    Args:
        cards: the further agents' cards; cards of untrained policies are ignored.
        traps: names of traps; by default the traps of ``cards``, or all traps without cards.
        date_made: the date, such as 2026-11-26; today by default.

    Raises:
        UnknownNameError: the trap is unknown.
        ValueError: the cards cannot be compared, two seeds of an agent are copies, or there are no
            cards and ``traps`` has no trap of the leaderboard.
    """
    date = date_made or datetime.now(UTC).date().isoformat()
    new_cards = list_cards(cards)
    your_cards = [mark_date(card, date) for card in new_cards if not is_reference(card)]
    names = dict.fromkeys(group.agent for group in (group_cards(your_cards) if your_cards else ()))
    committed = read_committed()
    board = list_board_traps(committed)
    trap_names = (
        {look_up_trap(x).name() for x in traps} or {card.trap for card in your_cards} or board
    )
    if not trap_names & board:
        if new_cards:  # a trap of your own, which no committed agent played
            return make_leaderboard(new_cards, sorted(trap_names), date_made=date)
        raise ValueError(
            f"the leaderboard has no trap {', '.join(sorted(trap_names))}; to compare agents of"
            f" yours on it, name them by --policy; the leaderboard has {', '.join(sorted(board))}"
        )
    everyone = [*committed, *read_blind(), *your_cards]
    origins = read_origins() | {
        name: Origin("you", date, standing=YOURS, about=YOUR_AGENT) for name in names
    }
    shared = [] if trap_names >= board else sorted(trap_names & board)
    board_of_all = make_leaderboard(everyone, shared, origins, [*names], date)
    return replace(board_of_all, source=name_source())


def name_source() -> str:
    """Return what to cite for the committed cards: the version, the year and their digest.

    The year is that of the newest file of cards; without any date, the present one.
    """
    years = [origin.made[:4] for origin in read_origins().values()]
    year = max(years, default=str(datetime.now(UTC).year))
    return f"mesa_gym {mesa_gym.__version__}, {year}, cards {digest_board(FOLDER)}"


def mark_date(card: ScoreCard, date: str) -> ScoreCard:
    """Return a card with ``date`` appended to the agent's name, replacing an earlier date."""
    agent = agent_and_seed(card.policy)[0]
    name = f"{_DATE.sub('', agent)} ({date})"
    return structs.replace(card, policy=change_agent(card.policy, agent, name))


def read_blind() -> list[ScoreCard]:
    """Return the blind script's cards, made from the cards of plain PPO's first seed.

    They cover fewer levels than other cards, which is enough for a leaderboard.
    """
    blind_cards = []
    for card in _read_file(LEARNER) if LEARNER in list_committed() else ():
        if card.choices is None or agent_and_seed(card.policy)[1] != 0:
            continue
        evidence = card.choices.view_null(BLIND)
        table = card.table | {AGENT_ROW: card.table[BLIND]}
        fields = conclude(evidence) | {"policy": BLIND, "table": table}
        # The digest identifies the weights of ppo; the blind script has no weights.
        digest = digest_weights(encode(evidence))
        fields["provenance"] = structs.replace(card.provenance, digest=digest)
        blind_cards.append(structs.replace(card, splits=card.nulls[BLIND], **fields))
    return blind_cards


def decode_card(line: bytes, path: Path, checked: bool) -> ScoreCard:
    """Return a card of a file; unless the file was checked, its results are computed again."""
    card = decode_json(line, ScoreCard, read_letters)
    if checked and card.provenance.rules == digest_rules():
        return card
    return _compute_card(card, path)


def _compute_card(card: ScoreCard, path: Path) -> ScoreCard:
    try:
        return check_card(card)
    except ValueError as error:
        raise ValueError(f"{_name_card(card, path)}: {error}") from None


def _name_card(card: ScoreCard, path: Path) -> str:
    return f"{path.name}: the card of {shorten(card.policy)} on {shorten(card.trap)}"


def write_cards(file: Path, cards: Iterable[ScoreCard], origin: Origin | None) -> None:
    """Write the cards of an agent and its origin into a file of ``cards/``."""
    # Cards of one trap are adjacent, so that the evidence of their shared nulls compresses well.
    in_order = sorted(cards, key=lambda card: (card.trap, card.policy))
    lines = [msgspec.json.encode(origin), *(card.to_json() for card in in_order), b""]
    write_bytes(file, lzma.compress(b"\n".join(lines), preset=9 | lzma.PRESET_EXTREME))


def check_all() -> Iterator[str]:
    """Compute the results of all committed cards again, and yield a text for each that differs."""
    for name in list_files():
        path = FOLDER / f"{name}{ENDING}"
        for line in read_lines(path):
            card = decode_json(line, ScoreCard, read_letters)
            try:
                computed = _compute_card(card, path)
            except ValueError as error:
                yield str(error)
                continue
            if card.to_json() != computed.to_json():
                yield f"{_name_card(card, path)} has other results than its plays give"
