"""Environments as pure functions of JAX arrays, for ``jit``, ``vmap`` and ``lax.scan``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from functools import reduce
from typing import Any

import numpy as np
from gymnasium.spaces import Box

from mesa_gym.engine import Bytes, State
from mesa_gym.engine.chance import mix
from mesa_gym.envs.base import DeviceEnv
from mesa_gym.envs.checks import EXPECTED_ACTION
from mesa_gym.envs.level_tables import LevelTables, StateColumns, merge, narrow, narrow_starts
from mesa_gym.envs.levels_in_memory import MOST_BANKED, bank_of, pick_rows, read_rows
from mesa_gym.envs.listed import InputLists
from mesa_gym.errors import require_extra
from mesa_gym.traps import Step, Trap

with require_extra("jax"):
    import jax
    import jax.numpy as jnp
    from jax import Array

    from mesa_gym.envs.gymnax_names import GymnaxEnv

# Observations, the next state, rewards, whether episodes ended, and infos.
Stepped = tuple[Array, State, Array, Array, dict[str, Array]]
LISTED = "listed"  # the observation that contains the indices of active inputs


@contextmanager
def _own_rules(wide: bool) -> Iterator[None]:
    """Compute with integers of 64 or 32 bits, and override strict settings of JAX."""
    with jax.enable_x64(wide), jax.numpy_rank_promotion("allow"), jax.transfer_guard("allow"):
        yield


class JaxEnv(DeviceEnv):
    """One environment of a trap, or n, as pure functions, ``reset`` and ``step``.

    One environment has no batch axis, and ``jax.vmap`` makes many of its functions. With n, the
    functions take and return arrays with n as the first axis, also in every array of the state:
    ``jax.tree.map(lambda array: array[rows], state)`` are the states of the environments ``rows``.
    Both are one program.

    Levels are generated once, on the CPU. When an episode ends, the next one begins in the same
    step, on a level that the step's key selects. The order of levels differs from ``TrapEnv`` with
    the same seed, but the same level and actions give the same episode. Integers have 32 bits,
    whether ``jax_enable_x64`` is set or not; only the random words of rules use 64 bits.

    Infos describe the step just taken: ``reward_<name>`` for each objective (float32 (n,)),
    ``level`` and ``split`` of the step's episode (int32 (n,); levels that ``alpha`` mixes in are
    numbered without the 2**48), ``terminated`` and ``truncated`` (bool (n,)) and ``final_obs``,
    the observation after the step and before a reset: bootstrap truncated episodes from it.
    Compiled code computes only the infos that are used.

    Args:
        trap: as for ``TrapEnv``.
        num_envs: the number of environments; None for one without a batch axis.
        num_levels: the number of levels (with ``alpha``, the same number of shift levels is added).
        final_obs: whether infos contain ``final_obs``; stored for each step, it uses most memory.
        observation: as for ``TensorEnv``, or ``listed``: the indices of the ``CentredInputs`` that
            are 1, int32 (n, most), in any order, padded with the number of inputs. Planes are not
            drawn for it.
        reach: for ``listed``, the view distance in rows and columns; None for the whole grid.
        **keywords: as for ``TensorEnv``, except ``device``, ``seed`` and ``compile``.

    Attributes:
        inputs: for ``listed``, the ``InputLists``, else None; lists are padded with its ``count``.
        bank: the start states of all levels.
        tables: the bank as ``LevelTables``, arrays of JAX.
    """

    @_own_rules(wide=False)
    def __init__(
        self,
        trap: str | type[Trap] | Trap,
        num_envs: int | None = None,
        *,
        num_levels: int = MOST_BANKED,
        final_obs: bool = True,
        observation: str = "planes",
        reach: int | None = None,
        **keywords: object,
    ) -> None:
        if "device" in keywords:
            message = "choose the device with jax.default_device"
            raise TypeError(f"JaxEnv got an unexpected keyword argument 'device'; {message}")
        listed = observation == LISTED
        if not listed and reach is not None:
            raise ValueError(f"reach needs observation='listed', not {observation!r}")
        keywords["observation"] = "planes" if listed else observation
        self._batched = num_envs is not None
        super().__init__(trap, 1 if num_envs is None else num_envs, num_levels, keywords)
        self._final_obs = final_obs
        trap, bank = self.trap, bank_of(self.settings)
        self._rules, self.bank = trap.bound(jnp, integers="int32"), bank
        # States leave out arrays that no step changes; things that stay are drawn only once.
        with _own_rules(True):
            entries = jax.tree.map(jnp.asarray, self._tabulate_entries(bank))
        self.tables = LevelTables(None, None, None, entries)
        starts = narrow_starts(bank)
        self._unchanged = fixed = self._find_fixed(starts)
        self._begins, self._stays = map(StateColumns, self._part(starts))
        self._still = [kind for kind in trap.things if fixed.at[kind] and fixed.there[kind]]
        self._observation = self.settings.observation.bound(self._rules, 1)
        self.inputs = InputLists(trap, reach) if listed else None
        tables = self.tabulate(bank)._replace(entries={})
        self.tables = jax.tree.map(jnp.asarray, tables)._replace(entries=entries)
        if self.inputs is not None:
            most = jax.eval_shape(self._start, jnp.int32(0))[0].shape[0]
            self._set_spaces(Box(0, self.inputs.count, (most,), np.int32))

    def reset(self, key: Array, alpha: Array | None = None) -> tuple[Array, State]:
        """Begin an episode in every environment, on levels that the key picks.

        Args:
            key: selects the levels.
            alpha: as for ``pick_levels``.

        Returns:
            Observations (n, ...), and the state, a tree of arrays for ``step``.
        """
        return self.reset_to_level(self.pick_levels(key, alpha))

    def reset_to_level(self, level: Array) -> tuple[Array, State]:
        """Begin an episode in every environment on a chosen level.

        Args:
            level: integers (n,), 0 to ``num_levels`` - 1; with ``alpha``, shift levels follow from
                ``num_levels`` on. Compiled code replaces a number out of range by the nearest.

        Returns:
            Observations (n, ...) and the state, as ``reset``.

        Raises:
            ValueError: the levels are not n integers.
        """
        rows = self._as_integers("levels", level)
        return self._batch(self._start)(rows)

    def step(self, key: Array, state: State, action: Array, alpha: Array | None = None) -> Stepped:
        """Take one step in every environment; after an episode ends, the next one begins.

        Args:
            key: selects the levels of new episodes.
            state: as ``reset`` and ``step`` return it.
            action: integers (n,), 0 left, 1 down, 2 right, 3 up, 4 act. Compiled code cannot
                check them: the effect of another value is undefined.
            alpha: as for ``pick_levels``.

        Returns:
            Observations (n, ...), the next state, rewards float32 (n,), whether each episode
            terminated or was truncated (bool (n,)), and infos.

        Raises:
            ValueError: the actions are not n integers.
        """
        return self.step_to_level(self.pick_levels(key, alpha), state, action)

    def step_to_level(self, level: Array, state: State, action: Array) -> Stepped:
        """Take a step as ``step`` does; new episodes begin on the levels in ``level``.

        Args:
            level: integers (n,), as for ``reset_to_level``; they have no effect where the episode
                continues.
            state: as for ``step``.
            action: as for ``step``.
        """
        rows = self._as_integers("levels", level)
        actions = self._as_integers("actions", action)
        return self._batch(self._advance)(state, actions, rows)

    def step_env(self, state: State, action: Array) -> Stepped:
        """Take a step as ``step`` does, but do not reset ended episodes.

        Args:
            state: the state of running episodes.
            action: as for ``step``.
        """
        return self._batch(self._advance)(state, self._as_integers("actions", action))

    def as_gymnax(self) -> GymnaxEnv:
        """Return this environment under the names of Gymnax, which PureJaxRL and others read.

        Raises:
            ValueError: these are several environments; ``jax.vmap`` makes them of one.
        """
        if self._batched:
            raise ValueError(
                f"as_gymnax needs one environment, and these are {self.num_envs}; leave the number"
                " out, make_jax(ID).as_gymnax(), and map its functions by jax.vmap"
            )
        env = copy(self)
        env._final_obs = False
        return GymnaxEnv(env)

    def _batch(self, function: Any) -> Any:
        """Return a function of one environment as a function of all environments."""
        return jax.vmap(function) if self._batched else function

    def _set_spaces(self, observed: object) -> None:
        super()._set_spaces(observed)
        if not self._batched:
            self.observation_space, self.action_space = observed, self.single_action_space

    def _start(self, row: Array) -> tuple[Array, State]:
        """Begin an episode in one environment."""
        with _own_rules(False):
            state = self._begin(row)
            return self._observe(state), state

    def _advance(self, state: State, action: Array, row: Array | None = None) -> Stepped:
        """Step one environment; with ``row``, an ended episode is followed by the one on it."""
        with _own_rules(False):
            after, rewards, ended = self._move(self._complete(state), action)
            after = merge(lambda old, new: None if old is None else new, state, after)
            reward, truncated, done = self._judge(after.clock, rewards, ended)
            infos = self._tell(*read_rows(state.level.row, self.settings), rewards)
            infos |= {"terminated": ended, "truncated": truncated}
            if row is None:
                return self._observe(after), after, reward, done, infos
            if self._final_obs:
                infos["final_obs"] = self._observe(after)
            starts = self._begin(row)
            following = jax.tree.map(lambda old, new: jnp.where(done, new, old), after, starts)
            return self._observe(following), following, reward, done, infos

    def _as_integers(self, name: str, values: Array) -> Array:
        """Return actions or levels as int32 (n,), or raise ValueError."""
        array = jnp.asarray(values)
        shape: tuple[int, ...] = ()
        count = "one integer"
        if self._batched:
            shape, count = (n := self.num_envs,), f"{n} integers, one for each environment"
        if array.shape != shape or not jnp.issubdtype(array.dtype, jnp.integer):
            raise ValueError(
                f"{name} must be {count}; got {array.dtype} of the shape {array.shape}"
                + (f"; {EXPECTED_ACTION}" if name == "actions" else "")
            )
        return array.astype(jnp.int32)

    def _move(self, state: State, action: Array) -> Step:
        """Take one step without resets; only the tables of ``state`` may be missing."""
        with _own_rules(bool(self.trap.seeds)):
            complete_state = state._replace(level=state.level._replace(tables=self.tables.entries))
            if self.trap.seeds:  # random words are computed from the clock, in 64 bits
                complete_state = complete_state._replace(
                    clock=complete_state.clock.astype(jnp.int64)
                )
            after, rewards, ended = self._rules.step(complete_state, action)
            after = after._replace(level=state.level)
            after = jax.tree.map(lambda old, new: new.astype(old.dtype), state, after)
            return Step(after, rewards, ended)

    def _find_fixed(self, starts: State) -> State:
        """Return the arrays of a state that no rule of the trap changes.

        In the traced step, an unchanged array has one variable, which is both input and output.
        """
        row: Any = np.int32(0)
        state = _set_row(jax.tree.map(lambda array: array[..., row], starts), row)
        traced = jax.make_jaxpr(lambda state: self._move(state, row).state)(state).jaxpr
        same = [old is new for old, new in zip(traced.invars, traced.outvars, strict=True)]
        return jax.tree.unflatten(jax.tree.structure(state), same)

    def _complete(self, state: State) -> State:
        """Return a state with the constant arrays of its levels filled in, without the tables."""
        stays = self._stays.take(self.tables.stays, state.level.row)
        return merge(lambda variable, still: still if variable is None else variable, state, stays)

    def _begin(self, row: Array) -> State:
        """Return the start state of the level at ``row`` of the bank, or at the nearest row."""
        row = jnp.clip(row, 0, len(self.tables.ground) - 1)
        return _set_row(self._begins.take(self.tables.begins, row), row)

    def pick_levels(self, key: Array, alpha: Array | None = None) -> Array:
        """Return the levels that ``reset`` and ``step`` select with a key, int32 (n,).

        Args:
            key: a JAX random key.
            alpha: uint32 (2,), the share of shift levels in the two words of ``split_alpha``; by
                default the share in the settings. Compiled code accepts any share without a
                recompilation if the environments were made with shift levels.
        """
        with _own_rules(True):
            key_words = jax.random.key_data(key).astype(jnp.int64)
            stream = reduce(lambda stream, word: mix(stream + word), key_words, 0)
            env_numbers = jnp.arange(self.num_envs, dtype=jnp.int64)
            words = None if alpha is None else jnp.asarray(alpha).astype(jnp.int64)
            rows = pick_rows(stream, env_numbers, self.settings, words)
            return (rows if self._batched else rows[0]).astype(jnp.int32)

    def with_tables(self, tables: LevelTables) -> JaxEnv:
        """Return the environments with the levels of other tables, which compiled code may take.

        Infos and ``pick_levels`` know the levels of the bank only.
        """
        env = copy(self)
        env.tables = tables
        return env

    def tabulate(self, starts: State) -> LevelTables:
        """Return tables of NumPy start states with the kinds of things of the bank's levels."""
        columns = (self._begins, self._stays)
        parts = zip(columns, self._part(narrow_starts(starts)), strict=True)
        begins, stays = (column.tabulate(part) for column, part in parts)
        ground: Any = self._draw_ground(starts)
        if self.inputs is not None:
            ground = self.inputs.list_ground(ground)
        return LevelTables(begins, stays, ground, self._tabulate_entries(starts))

    def _part(self, starts: State) -> tuple[State, State]:
        """Return the arrays that steps change, and those that no step changes."""
        begins = merge(lambda start, same: None if same else start, starts, self._unchanged)
        return begins, merge(lambda start, same: start if same else None, starts, self._unchanged)

    def _tabulate_entries(self, starts: State) -> dict[str, Any]:
        """Return the tables of the levels, with 32-bit integers except for seeds."""
        tables = {x: self.trap.table(starts.level, x).ravel() for x in starts.level.tables}
        return {x: y if x in self.trap.seeds else narrow(y) for x, y in tables.items()}

    def _draw_ground(self, bank: State) -> Bytes:
        """Return the part of each level's observation that no step changes, (levels, bytes)."""
        trap, n = self.trap, bank.n
        canvas = trap.draw_ground(bank.level, n).reshape(n, trap.cells, -1)
        for kind in self._still:
            for plane, cells, there in trap.thing_dots(bank, kind):
                slot, row = there.nonzero()
                canvas[row, cells[slot, row], trap.channel[plane]] = 1
        return canvas[..., [trap.channel[plane] for plane in trap.channels]].reshape(n, -1)

    def _observe(self, state: State) -> Array:
        channels = self.trap.channels
        state, where = self._complete(state), list[Array]()
        state = state._replace(level=state.level._replace(tables=self.tables.entries))
        dots = self._rules.dots(state, self._still)
        if self.inputs is not None:
            return self.inputs.list_inputs(state, dots, self.tables.ground)
        for plane, cells, there in dots:
            for channel in [i for i, other in enumerate(channels) if other == plane]:
                index = cells * len(channels) + channel
                # An absent thing points to the agent's dot, which comes first and is always set.
                where.append(index if there is None else jnp.where(there, index, where[0]))
        planes = self.tables.ground[state.level.row]
        planes = planes.at[jnp.concatenate(where)].set(1, mode="promise_in_bounds")
        return self._observation.from_planes(planes.reshape(1, *self.trap.size, -1), state)[0]


def _set_row(state: State, row: Array) -> State:
    """Return a state at clock 0 whose level is ``row`` of the bank."""
    return state._replace(level=state.level._replace(row=row), clock=jnp.zeros_like(row))
