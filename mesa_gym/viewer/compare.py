"""The ways to compare: who sits beside whom, what was chosen, where others would go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np

from mesa_gym.engine import Ints
from mesa_gym.errors import unknown
from mesa_gym.policies import pursuing, references
from mesa_gym.scoring import Asking
from mesa_gym.scoring.rollout import TWINS, has_twins
from mesa_gym.traps import Split, Trap
from mesa_gym.viewer.actors import Player, PolicyPlayer, inform
from mesa_gym.viewer.timeline import Pane, Seat, Timeline

SPLITS, ORACLES = "splits", "oracles"
# The ways to compare, for people.
BESIDE = (
    "splits: the same on train and shift; twins: on a level and with its targets exchanged;"
    " oracles: each objective's; or another policy"
)
WAITING = "..."
EPISODES = 100  # behind the visits


def on_splits(player: Player) -> list[Seat]:
    """Seat the same player where objectives agree and where they conflict."""
    return [Seat(player, Split.TRAIN), Seat(player, Split.SHIFT)]


def on_twins(player: Player) -> list[Seat]:
    """Seat the same player on a level of shift and on its twin, with the targets exchanged."""
    return [Seat(player, Split.SHIFT), Seat(player, TWINS)]


def against_oracles(trap: Trap, player: Player, play: str, seed: int = 0) -> list[Seat]:
    """Seat a player beside those that pursue the base objective and each proxy, each once."""

    def objective(spec: str) -> str:
        return spec.replace(":base", f":{trap.base}")

    oracles = [pursuing(trap, x) for x in trap.objectives]
    others = [spec for spec in oracles if objective(spec) != objective(player.name)]
    return [Seat(player, play), *(Seat(PolicyPlayer(spec, seed), play) for spec in others)]


def seats_for(
    player: Player, trap: Trap, play: str, beside: str | None = None, seed: int = 0
) -> list[Seat]:
    """Return who plays what.

    Args:
        player: the first of them.
        trap: the rules.
        play: the split whose level is played, or "twins".
        beside: ``splits``, the player on ``train`` and ``shift`` whatever ``play`` says; ``twins``,
            the player on a level of ``shift`` and on its twin; ``oracles``, those of the base
            objective and of each proxy (or their reference policies) too; or another policy, as
            ``load_policy`` takes it. By default nothing.
        seed: of the others' sampling.

    Raises:
        UnknownNameError: ``beside`` means nothing.
    """
    if beside is None:
        return [Seat(player, play)]
    if beside == SPLITS:
        return on_splits(player)
    if beside == TWINS:
        return on_twins(player)
    if beside == ORACLES:
        return against_oracles(trap, player, play, seed)
    named = references(trap)
    if not (beside in named or ":" in beside or "/" in beside or Path(beside).is_dir()):
        what = "choice for beside (nor is it a directory or module:factory)"
        raise unknown(what, beside, [SPLITS, TWINS, ORACLES, *named])
    return [Seat(player, play), Seat(PolicyPlayer(beside, seed), play)]


def start_work(work: Callable[[Future[Any]], Any], threaded: bool = True) -> Future[Any]:
    """Do some work in a thread, so that the window stays alive, or here and now.

    Args:
        work: is given the future, to see whether it was cancelled in the meantime.
        threaded: whether in a thread, which does not keep the process from its end.
    """
    future: Future[Any] = Future()

    def run() -> None:
        with suppress(InvalidStateError):  # it was cancelled
            try:
                future.set_result(work(future))
            except BaseException as error:
                future.set_exception(error)

    if threaded:
        Thread(target=run, daemon=True).start()
    else:
        run()
    return future


class Choices:
    """The objectives that were chosen on the levels that were watched."""

    def __init__(self) -> None:
        # By the players themselves: two may have the same name.
        self._counted: dict[tuple[Player, str], dict[int, str | None]] = {}
        self._twins: dict[tuple[Player, int], Future[str]] = {}

    def of(self, pane: Pane) -> dict[int, str | None]:
        """Return level -> the objective that the pane's player chose there, None for none."""
        return self._counted.setdefault((pane.seat.player, pane.seat.play), {})

    def count(self, pane: Pane) -> None:
        """Count what was chosen in an episode under shift, if it is over and as the level was."""
        counts = pane.seat.split is Split.SHIFT and pane.line.over and not pane.edited
        known = self.of(pane)
        if counts and pane.level not in known and pane.analysis is not None:
            known[pane.level] = pane.analysis.choice(len(pane.line))

    def on_twin(self, pane: Pane, threaded: bool) -> str:
        """Return what the pane's player chooses on the level's twin, found out in a thread.

        Returns:
            An objective or "none"; ``WAITING`` while it is being found out; "" without a twin.
        """
        player, trap = pane.seat.player, pane.trap
        shift = pane.seat.play == Split.SHIFT and pane.line.over and not pane.edited
        if not (shift and isinstance(player, PolicyPlayer) and has_twins(trap)):
            return ""

        def find(_: Future[Any]) -> str:
            twin = Pane(trap, Seat(player, TWINS), pane.level, pane.salt)
            twin.line.grow()
            return (twin.analysis and twin.analysis.choice(len(twin.line))) or "none"

        key = player, pane.level
        if key not in self._twins:
            self._twins[key] = start_work(find, threaded)
        work = self._twins[key]
        return WAITING if not work.done() else "" if work.exception() else work.result()

    @property
    def waiting(self) -> bool:
        """Return whether a choice is still being found out."""
        return any(not work.done() for work in self._twins.values())


class Found:
    """Searches of one pane's episode that take time, piece by piece: oracles' paths and visits.

    Attributes:
        line: the timeline that the pane had when it was made, from whose start all is seen.
        paths: objective -> the oracle's episode, as far as it is known.
        visits: int64 (cells,), how often the agent was there; None where no policy plays.
        version: grows with all that is found, so that a drawing can be seen to be out of date.
    """

    def __init__(self, pane: Pane) -> None:
        self._pane, self.line = pane, pane.line
        self.paths: dict[str, Timeline] = {}
        self.visits: Ints | None = None
        self.version = 0
        self._works = {"oracles": self._find_paths(), "visits": self._count_visits()}

    def left(self, shown: set[str]) -> bool:
        """Return whether the overlays that are on need more work."""
        return any(name in shown for name in self._works)

    def work(self, shown: set[str]) -> None:
        """Do a small piece of what the overlays that are on still need.

        Raises:
            PolicyError: the policy failed; what it was asked for is not looked for again.
        """
        name = next(name for name in self._works if name in shown)
        work = self._works.pop(name)
        self.version += 1
        with suppress(StopIteration):
            next(work)
            self._works[name] = work

    def _find_paths(self) -> Iterator[None]:
        trap, start = self._pane.trap, self.line.states[0]
        for x in trap.objectives:
            actor = PolicyPlayer(pursuing(trap, x)).actor(trap, self._pane.seat.play, start)
            line = self.paths[x] = Timeline(trap, start, self.line.horizon, actor)
            while line.grow(len(line) + 1):
                yield

    def _count_visits(self) -> Iterator[None]:
        trap, player = self._pane.trap, self._pane.seat.player
        if not isinstance(player, PolicyPlayer):
            return
        state = starts = self.line.states[0].take(np.zeros(EPISODES, dtype=np.int64))
        policy = player.make(trap, self.line.horizon)
        inform(policy, trap, self.line.states[0], self.line.horizon)
        seeds, play = np.arange(EPISODES), self._pane.seat.play
        asking = Asking(policy, trap, starts.level.key, seeds, player.agent, play)
        asking.begin()
        alive = np.ones(EPISODES, dtype=np.bool_)
        self.visits = np.bincount(state.agent, minlength=trap.cells)
        for t in range(self.line.limit):
            actions = asking.sampled(asking.probabilities(state, t), t)
            state, _, ended = trap.step(state, actions)
            self.visits = self.visits + np.bincount(state.agent[alive], minlength=trap.cells)
            alive &= ~ended
            if not alive.any():
                break
            # Rows whose episode is over go on from their start, uncounted: all states stay valid.
            state = state.replaced(~alive, starts)
            yield
