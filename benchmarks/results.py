"""Where a run's results lie, which of them are whole, and what happens to the others.

::

    agents/CheeseCorner-v0-ppo-s0/      a trained agent
    cards/CheeseCorner-v0/ppo-s0.json   its score card; oracle-cheese.json for oracle:cheese
    episodes/CheeseCorner-v0.json       one rollout under shift, for the page
    board.json, board.md, board.html    what `render` makes of the cards
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from agents.train import Run
from benchmarks.episode import Episode
from mesa_gym.policies import POLICY_FILE, load_policy, read_policy_file
from mesa_gym.scoring import Provenance, ScoreCard
from mesa_gym.traps import Split, Trap, find_trap

Note = Callable[[str], None]
T = TypeVar("T")
QUICK = Path("runs/quick")
# What tells agents of one name apart.
FACTS = ("algo", "seed", "steps", "alpha", "reward")


def agent_path(run: Run) -> Path:
    """Of an agent's directory, relative to the results."""
    return Path("agents", f"{run.trap}-{run.algo}-s{run.seed}")


def card_path(trap: str, policy: str) -> Path:
    """Of a score card, relative to the results."""
    return Path("cards", trap, f"{policy.replace(':', '-')}.json")


def episode_path(trap: str) -> Path:
    """Of a trap's episode, relative to the results."""
    return Path("episodes", f"{trap}.json")


def scored_on(trap: Trap, levels: int) -> Provenance:
    """What the card of a policy that was scored here, now and on so many levels must say."""
    return Provenance(repr(trap), levels, seed=0)


class Results:
    """The results under one folder.

    Args:
        folder: of the run; it need not exist.
        note: called with what a person should know.
    """

    def __init__(self, folder: Path, note: Note) -> None:
        self.folder, self.note = folder, note

    def has_agent(
        self, run: Run, path: Path, facts: Sequence[str] = FACTS, parts: Sequence[Path] = ()
    ) -> bool:
        """Whether the agent is there and whole; a damaged one is set aside.

        Args:
            run: what it should be.
            path: of its directory, relative to the results.
            facts: of the run, those that must hold.
            parts: folders of checkpoints that must be there, relative to the directory.

        Raises:
            ValueError: it is there, but was trained in another way.
        """
        folder = self.folder / path
        if not folder.exists():
            return False
        trap = find_trap(run.trap)()
        wanted = asdict(run) | {"trap": trap.name(), "reward": run.batch().reward}
        try:
            entries = read_policy_file(folder)
        except ValueError as error:
            self.set_aside(folder, str(error))
            return False
        for name in ("trap", *facts):
            if entries.get(name) != wanted[name]:
                raise ValueError(
                    f"{folder} was trained with {name} {entries.get(name)!r}, and this run wants"
                    f" {wanted[name]!r}; choose another --out, or delete the folder"
                )
        try:
            for part in (Path(), *parts):
                load_policy(str(folder / part), trap, trap.horizon(Split.TEST))
        except ValueError as error:
            self.set_aside(folder, str(error))
            return False
        return True

    def has_card(self, provenance: Provenance, trap: str, policy: str, agent: Path | None) -> bool:
        """Whether the card is there, whole, of these levels and versions, and of this agent.

        A damaged one, or one of another policy, is set aside.
        """
        path = self.folder / card_path(trap, policy)
        card = self._read(path, ScoreCard.load)
        if card is not None and (card.trap, card.policy) != (trap, policy):
            self.set_aside(path, f"{path} is of {card.policy} on {card.trap}")
            return False
        return card is not None and card.provenance == provenance and _newer(path, agent)

    def has_episode(self, trap: str, agent: Path) -> bool:
        """Whether the trap's episode is there, whole, and newer than the agent."""
        path = self.folder / episode_path(trap)
        return self._read(path, Episode.load) is not None and _newer(path, agent)

    def _read(self, path: Path, load: Callable[[Path], T]) -> T | None:
        """What a file holds; None where there is none, or a damaged one, which is set aside."""
        if not path.exists():
            return None
        try:
            if path.is_dir():
                raise ValueError(f"{path} is a folder; expected a file")
            return load(path)
        except ValueError as error:
            self.set_aside(path, str(error))
            return None

    def cards(self) -> list[ScoreCard]:
        """Every card.

        Raises:
            ValueError: one is damaged, two are of the same policy and trap, or there is none;
                the message says what to do.
        """
        files = sorted((self.folder / "cards").glob("*/*.json"))
        if not files:
            raise ValueError(
                f"there is no score card under {self.folder / 'cards'}; first do"
                f" `python -m benchmarks.leaderboard run{self.out_option()}`"
            )
        try:
            cards = {path: ScoreCard.load(path) for path in files}
        except ValueError as error:
            raise ValueError(
                f"{error}\n`python -m benchmarks.leaderboard run{self.out_option()}` sets the"
                " damaged file aside and makes it anew"
            ) from None
        named: dict[tuple[str, str], Path] = {}
        for path, card in cards.items():
            other = named.setdefault((card.trap, card.policy), path)
            if other != path:
                raise ValueError(
                    f"{other} and {path} both say that they are the card of {card.policy} on"
                    f" {card.trap}; delete one"
                )
        return list(cards.values())

    def out_option(self) -> str:
        """The option that names this folder on a command line."""
        return "" if self.folder == QUICK else f" --out {self.folder}"

    def set_aside(self, path: Path, reason: str) -> None:
        """Rename a damaged file or folder, so that nothing that might be worth saving is lost."""
        number = 1
        while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
            number += 1
        path.rename(aside)
        self.note(f"damaged: {reason}\n  kept as {aside}")


def _newer(path: Path, agent: Path | None) -> bool:
    """Whether a result was made after its agent, as `make` tells; an oracle is never new."""
    if agent is None:
        return True
    trained = agent / POLICY_FILE
    return trained.exists() and path.stat().st_mtime_ns >= trained.stat().st_mtime_ns
