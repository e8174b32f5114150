"""Crossing of levels: the list of levels to replay also contains children of its levels.

A child has the things of a listed level, its parent, and the layout of a random training level.
Crossing multiplies the layouts around rare things, and never moves a thing of an objective.
Children take the rows of the children with the lowest scores. Compare ACCEL (Parker-Holder et al.
2022), whose children are small edits. Departures: episodes of the training judge a child, agents
learn from new levels as well, and at most ``MOST_RELATED`` listed levels descend from one level of
the bank.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.compiling import Array, jax, jnp
from agents.crossed_levels import cross, list_layout
from agents.ppo import TrainState, Transition
from agents.replay import LEAST_SCORE, LevelChoice, LevelFacts, ReplayPPO, Visits, failure
from agents.run import AgentNumbers
from mesa_gym.engine import Bools, Floats, Ints, State
from mesa_gym.engine.chance import below, fold, outputs, streams
from mesa_gym.envs.level_tables import LevelTables
from mesa_gym.envs.levels_in_memory import StartStates
from mesa_gym.solver.solution import Solution
from mesa_gym.solver.value_columns import find_values
from mesa_gym.traps.played_episodes import ValueKey

SLOTS = 2048  # rows for children, after the rows of the bank
CHILDREN = 128  # children that are made at once
UPDATES_BETWEEN = 2  # updates between two generations
MOST_RELATED = 16  # listed levels that descend from one level of the bank
CHECKED = 20  # the first generations and every 20th generation are checked


class CrossedLevels(NamedTuple):
    """The record of an agent's levels, the list of levels to replay, and the tables."""

    visits: Visits
    rows: Array
    listed: Array
    tables: LevelTables | None


class CrossedFacts(LevelFacts):
    """Facts about the levels of the bank, followed by one agent's children.

    Attributes:
        own_optimum: float32 (slots,), the exact optimum of each child.
    """

    def __init__(self, bank: LevelFacts, slots: int) -> None:
        self.bank, self.count = bank, bank.count + slots
        self.own_optimum = np.zeros(slots, np.float32)

    @property
    def optimum(self) -> NDArray[np.float32]:
        """The exact optimum of each level; ValueError if the trap has no exact solver."""
        return np.concatenate([self.bank.optimum, self.own_optimum])


class CrossPPO(ReplayPPO):
    """PPO that replays levels by a score, and crosses levels with high scores.

    Args:
        args: as for ``PPO``.
        cap: the most listed levels that descend from one level of the bank.
        slots: the number of rows for children.
        generation: the number of children that are made at once.
        keywords: as for ``ReplayPPO``.

    Raises:
        ValueError: the trap declares no ``layout_things``, or its rules draw random numbers.
    """

    def __init__(
        self, *args: Any, cap: int = MOST_RELATED, slots: int = SLOTS, generation: int = CHILDREN,
        **keywords: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **keywords)
        inner = self.inner = self.env.env
        list_layout(inner.trap)
        if inner.trap.seeds:
            raise ValueError(
                f"the rules of {inner.trap!r} draw random numbers for numbered levels, and a child"
                " has no number; use replay_by_failure instead"
            )
        self.cap, self.slots, self.generation = cap, slots, generation
        self.solves = inner.trap.solvable and self._score is not failure
        # A child has the constant inputs of a layout, and at most one more per thing.
        self.most = inner.tables.ground.shape[1] + sum(inner.trap.things.values())
        self.children: list[Children] = []
        self._put = jax.jit(put_rows, donate_argnums=0)
        # Rows for children are empty. They are not added in compiled code, which takes seconds.
        tables = jax.tree.map(np.asarray, self.widen(inner.tables))
        spare = {x: (0, slots * inner.trap.entries[x]) for x in tables.entries}
        entries = {x: jnp.asarray(np.pad(tables.entries[x], spare[x])) for x in spare}
        arrays = [jnp.asarray(np.pad(x, ((0, slots), (0, 0)))) for x in tables[:3]]
        self._tables = LevelTables(arrays[0], arrays[1], arrays[2], entries)

    def begin(self, numbers: AgentNumbers) -> TrainState:
        """Return an untrained agent at the start of its first episodes, without children."""
        train_state, choice = super().begin(numbers), self.begin_list(numbers)
        by_level = (jnp.pad(x, (0, self.slots)) for x in train_state.levels[:3])
        visits = Visits(*by_level, *train_state.levels[3:])
        return train_state._replace(levels=CrossedLevels(visits, *choice[1:]))

    def begin_list(self, numbers: AgentNumbers) -> LevelChoice:
        """Return the choice of levels before the first replay, with the tables."""
        return super().begin_list(numbers)._replace(tables=self._tables)

    def widen(self, tables: LevelTables) -> LevelTables:
        """Return tables with ``most`` constant inputs per level, if the network reads lists."""
        if self.inner.inputs is None:
            return tables
        xp = np if isinstance(tables.ground, np.ndarray) else jnp
        ground, spare = tables.ground[:, : self.most], self.most - tables.ground.shape[1]
        padding = ((0, 0), (0, max(spare, 0)))
        ground = xp.pad(ground, padding, constant_values=self.inner.inputs.count)
        return tables._replace(ground=ground)

    def choose_levels(self, levels: Any, numbers: AgentNumbers, key: Array) -> AgentNumbers:
        """Return the numbers for a rollout, with the list and the tables."""
        return numbers._replace(alpha=LevelChoice(numbers.alpha, *levels[1:]))

    def record_levels(
        self, levels: Any, rollout: Transition, advantages: Array
    ) -> tuple[Any, list[Array]]:
        """Return the record after a rollout, and the shares of replays and of shift levels."""
        visits, shares = super().record_levels(levels.visits, rollout, advantages)
        return levels._replace(visits=visits), [*shares]

    def prepare(self, train_state: TrainState, numbers: AgentNumbers, number: int) -> TrainState:
        """Return the states of agents before update ``number``, with new lists and children."""
        if number == 1:
            self.children = [self.make_children(int(seed)) for seed in np.asarray(numbers.seed)]
            return train_state
        levels = train_state.levels
        host = jax.tree.map(np.array, levels._replace(tables=None))
        tables = levels.tables
        running = np.asarray(train_state.rollout_state.env_state.now.row)
        for i, children in enumerate(self.children):
            visits = jax.tree.map(lambda x, i=i: x[i], host.visits)
            put, rows = children.advance(visits, running[i], number)
            host.rows[i, : len(rows)], host.listed[i] = rows, len(rows)
            if put:
                tables = self._put(tables, i, *put)
                children.check(tables, i)
        levels = jax.tree.map(
            lambda new, old: jax.device_put(new, old.sharding), host, levels._replace(tables=None)
        )
        return train_state._replace(levels=levels._replace(tables=tables))

    def make_children(self, seed: int) -> Children:
        """Return the record of one agent's children."""
        return Children(self, seed)


class Children:
    """The children of one agent.

    Attributes:
        starts: their start states, by slot.
        facts: facts about all levels.
        ancestors: int64 (levels,), the row in the bank from which each level descends.
        inherited: (levels,), the score of a level without an episode: that of its parent.
        made, dropped: the numbers of children that were listed, and that could not be.
    """

    def __init__(self, ppo: CrossPPO, seed: int) -> None:
        self.ppo, self.trap, self.bank = ppo, ppo.inner.trap, ppo.inner.bank
        self.facts = CrossedFacts(ppo.facts, ppo.slots)
        self.starts = StartStates(ppo.inner.settings, ppo.slots)
        self.ancestors = np.pad(np.arange(self.bank.n), (0, ppo.slots))
        self.inherited = np.full(self.facts.count, -np.inf)
        self.made = self.dropped = self.generations = 0
        self._seed = np.array([fold(seed)])

    def advance(self, visits: Visits, running: Ints, number: int) -> tuple[Any, Ints]:
        """Make children, if it is time, and list the levels to replay.

        Args:
            visits: the record of the levels, NumPy, in which rows of new children are reset.
            running: the levels of the running episodes, whose rows stay as they are.
            number: the number of the update that follows.

        Returns:
            None, or the rows of new children, int64 (generation,), and their tables; and the rows
            of the list.
        """
        if (visits.episodes[: self.bank.n] > 0).sum() < self.ppo._first:
            return None, np.zeros(0, np.int64)
        put, scores = None, self.score(visits)
        if number % UPDATES_BETWEEN == 0:
            parents = self.choose_parents(visits, scores, number)
            if len(parents):
                put = self.breed(visits, scores, parents, running, number)
                scores = self.score(visits)
        return put, self.list_levels(scores, number)

    def score(self, visits: Visits) -> Floats:
        """Return the score of each level; a level without an episode has its parent's score."""
        scores = np.asarray(self.ppo._score(visits, self.facts))
        return np.where(visits.episodes > 0, scores, self.inherited)

    def list_levels(self, scores: Floats, number: int) -> Ints:
        """Return the rows of the list, with at most ``cap`` descendants of each ancestor."""
        ppo, lots = self.ppo, self.draw("lots", number, self.facts.count)
        return list_spread(scores, lots, self.ancestors, ppo._size, ppo.cap, ppo.slots)

    def choose_parents(self, visits: Visits, scores: Floats, number: int) -> Ints:
        """Return random levels of the list, (generation,), or none if the list is empty."""
        rows = self.list_levels(scores, number)
        words = self.draw("parents", number, self.ppo.generation if len(rows) else 0)
        return rows[below(words, len(rows))]

    def breed(
        self, visits: Visits, scores: Floats, parents: Ints, running: Ints, number: int
    ) -> tuple[Ints, LevelTables] | None:
        """Make children of parents; return their rows and tables, or None without children."""
        ppo, bank, parents = self.ppo, self.bank, np.sort(parents)
        old, n = parents < bank.n, len(parents)
        of_children = self.starts.state.take(parents[~old] - bank.n)
        things_of = self.trap.joined([bank.take(parents[old]), of_children])
        layouts = below(self.draw("layouts", number, n), ppo.inner.num_levels)
        words = self.draw("starts", number, n)
        states, fits = self.cross(things_of, bank.take(layouts), words)
        tables = ppo.inner.tabulate(states)
        if ppo.inner.inputs is not None:
            fits &= (tables.ground[:, ppo.most :] == ppo.inner.inputs.count).all(axis=1)
        if ppo.solves:
            optimum = self.solve(states)
            fits &= optimum > 0
        rows = self.find_free(scores, running, number)
        kept = np.flatnonzero(fits)[: len(rows)]
        rows, slots = rows[: len(kept)], rows[: len(kept)] - bank.n
        self.made, self.dropped = self.made + len(rows), self.dropped + n - len(rows)
        if not len(rows):
            return None
        self.starts.put(slots, states.take(kept))
        if ppo.solves:
            self.facts.own_optimum[slots] = optimum[kept]
        self.ancestors[rows] = self.ancestors[parents[kept]]
        self.inherited[rows] = scores[parents[kept]]
        visits.episodes[rows] = visits.latest[rows] = visits.surprise[rows] = 0
        # Equal shapes are compiled once, and a row may be written twice.
        last = np.minimum(np.arange(n), len(rows) - 1)
        width = {name: len(table) // n for name, table in tables.entries.items()}
        entries = {
            name: table.reshape(n, width[name])[kept[last]]
            for name, table in tables.entries.items()
        }
        arrays = [table[kept[last]] for table in ppo.widen(tables)[:3]]
        return rows[last], LevelTables(arrays[0], arrays[1], arrays[2], entries)

    def cross(self, things_of: State, layouts_of: State, words: Ints) -> tuple[State, Bools]:
        """Return children, and which of them can be played, bool (n,)."""
        return cross(self.trap, things_of, layouts_of, words)

    def solve(self, states: State) -> Floats:
        """Return the exact optimum of start states, in training."""
        settings = self.ppo.inner.settings
        horizon = settings.max_steps or self.trap.horizon(settings.split)
        solution = Solution(self.trap, states, horizon)
        return find_values(self.trap, states, solution, ValueKey("optimum", settings.reward))

    def find_free(self, scores: Floats, running: Ints, number: int) -> Ints:
        """Return the rows of children without a running episode, the lowest score first."""
        rows = np.arange(self.bank.n, self.facts.count)
        lots = self.draw("rows", number, len(rows))
        rows = rows[np.lexsort((lots, scores[rows]))]
        return rows[~np.isin(rows, running)]

    def check(self, tables: LevelTables, agent: int) -> None:
        """Raise RuntimeError if rows of the compiled program differ from the start states.

        ``tables`` are the tables of all agents, and ``agent`` is the index of this one.
        """
        self.generations += 1
        if self.generations > 3 and self.generations % CHECKED:
            return
        slots = np.flatnonzero(np.isfinite(self.inherited[self.bank.n :]))
        expected = self.ppo.widen(self.ppo.inner.tabulate(self.starts.state.take(slots)))
        pairs = zip(jax.tree.leaves(tables), jax.tree.leaves(expected), strict=True)
        for table, start_rows in pairs:
            rows = np.asarray(table)[agent].reshape(self.facts.count, -1)[self.bank.n + slots]
            if not np.array_equal(rows, start_rows.reshape(len(slots), -1)):
                raise RuntimeError("the program's levels differ from the start states of children")

    def draw(self, site: str, number: int, count: int) -> Ints:
        """Return random words of an update, int64 (count,); sites are independent."""
        return outputs(streams(0, self._seed, f"crossing {site}", number), np.arange(count))


def put_rows(tables: LevelTables, agent: Array, rows: Array, new: LevelTables) -> LevelTables:
    """Overwrite rows in the tables of an agent; agents are the first axis of ``tables``."""

    def put(table: Array, values: Array) -> Array:
        by_level = table.reshape(len(table), -1, values.shape[1])
        return by_level.at[agent, rows].set(values).reshape(table.shape)

    return jax.tree.map(put, tables, new)


def list_spread(
    scores: Floats, lots: Ints, ancestors: Ints, size: int, cap: int, spare: int
) -> Ints:
    """List the levels with the highest scores, but at most ``cap`` of each ancestor.

    Args:
        scores: (levels,); solved levels, and levels that were never played, are not listed.
        lots: int64 (levels,), random; they decide among equal scores.
        ancestors: int64 (levels,).
        size: the most levels that are listed.
        cap: the most levels of an ancestor.
        spare: the most levels that are not their own ancestor.

    Returns:
        Rows, int64 (size or fewer,), the highest score first.
    """
    rows = np.flatnonzero(scores > LEAST_SCORE)
    most = size + spare  # at least ``size`` of so many levels are within the cap
    if len(rows) > most:
        rows = rows[scores[rows] >= np.partition(scores[rows], -most)[-most]]
    rows = rows[np.lexsort((lots[rows], -scores[rows]))]
    by_ancestor = np.argsort(ancestors[rows], kind="stable")
    ordered = ancestors[rows][by_ancestor]
    rank = np.zeros(len(rows), np.int64)
    rank[by_ancestor] = np.arange(len(rows)) - np.searchsorted(ordered, ordered)
    return rows[rank < cap][:size]
