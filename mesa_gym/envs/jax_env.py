"""Environments as pure functions of JAX arrays, for ``jit``, ``vmap`` and ``lax.scan``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import reduce
from math import prod
from typing import Any

import numpy as np
from gymnasium.spaces import Box

from mesa_gym.engine import State
from mesa_gym.engine.chance import mix
from mesa_gym.envs.base import DeviceEnv
from mesa_gym.envs.checks import EXPECTED_ACTION
from mesa_gym.envs.levels_in_memory import MOST_BANKED, bank_of, pick_rows, read_rows
from mesa_gym.envs.listed import InputLists
from mesa_gym.envs.observations import Bytes
from mesa_gym.errors import missing_extra
from mesa_gym.traps import Trap
from mesa_gym.traps.trap import Step

try:
    import jax
    import jax.numpy as jnp
    from jax import Array
except ImportError:
    raise missing_extra("jax", "jax") from None

LISTED = "listed"  # the observation that lists inputs


@contextmanager
def _own_rules(wide: bool) -> Iterator[None]:
    """Run with integers of 64 bits or 32, however strict the configuration of JAX is."""
    with jax.enable_x64(wide), jax.numpy_rank_promotion("allow"), jax.transfer_guard("allow"):
        yield


class JaxEnv(DeviceEnv):
    """n environments of a trap as pure functions, ``reset`` and ``step``.

    Levels are drawn once, on the CPU. An episode that ends is followed by the next one in the same
    step, on a level that the step's key picks. Levels come in another order than by ``TrapEnv``'s
    seeds; on its level each episode equals NumPy's. Integers have 32 bits, whether JAX has those of
    64 switched on or not; what rules draw is mixed in 64 bits all the same.

    Infos hold what belongs to the step just taken: ``reward_<name>`` for each objective (float32
    (n,)), ``level`` and ``split`` (int32 (n,), where it was taken; without the 2**48 of levels that
    ``alpha`` mixes in), ``terminated`` and ``truncated`` (bool (n,)) and ``final_obs``, what the
    agent saw after it, before another episode began: bootstrap from it what was truncated. Compiled
    code computes only what is used.

    Args:
        trap: as for ``TrapEnv``.
        num_envs: how many environments.
        num_levels: how many levels there are (with ``alpha``, as many of the shift's too).
        final_obs: whether infos hold it: kept step by step, it takes most of the memory.
        observation: as for ``TensorEnv``, or ``listed``: the numbers of those inputs of
            ``CentredInputs`` that are 1, int32 (n, most), in any order, filled up with how many
            inputs there are. No plane is drawn for it.
        reach: of ``listed``, how many rows and columns away things are seen; None for all.
        **keywords: as for ``TensorEnv``, except ``device``, ``seed`` and ``compile``.

    Attributes:
        inputs: for ``listed``, the object that lists inputs, else None; its ``count`` fills lists
            up.
    """

    @_own_rules(wide=False)
    def __init__(
        self,
        trap: str | type[Trap] | Trap,
        num_envs: int,
        *,
        num_levels: int = MOST_BANKED,
        final_obs: bool = True,
        observation: str = "planes",
        reach: int | None = None,
        **keywords: Any,
    ) -> None:
        if "device" in keywords:
            message = "JAX's default device is taken, which jax.default_device changes"
            raise TypeError(f"JaxEnv got an unexpected keyword argument 'device'; {message}")
        listed = observation == LISTED
        if not listed and reach is not None:
            raise ValueError(f"reach needs observation='listed', not {observation!r}")
        keywords["observation"] = "planes" if listed else observation
        super().__init__(trap, num_envs, num_levels, keywords)
        self._final_obs = final_obs
        trap, bank = self.trap, bank_of(self.settings)
        self._rules = trap.bound(jnp, integers="int32")
        tables = bank.level.tables
        with _own_rules(True):
            self._tables = {
                name: jnp.asarray(table if name in trap.seeds else _narrow(table))
                for name, table in tables.items()
            }
        level = bank.level._replace(row=None, number=None, key=None, tables={})
        starts = jax.tree.map(_narrow, bank._replace(level=level, clock=None))
        # What no step changes is carried by no state; things that stay are drawn only once.
        fixed = self._find_fixed(starts)
        begins = _merge(lambda start, same: None if same else start, starts, fixed)
        stays = _merge(lambda start, same: start if same else None, starts, fixed)
        self._begins, self._stays = _LevelTable(begins), _LevelTable(stays)
        self._still = [kind for kind in trap.things if fixed.at[kind] and fixed.there[kind]]
        self._observation = self.settings.observation.bound(self._rules, num_envs)
        ground, self._rows = self._draw_ground(bank), bank.n
        self.inputs = InputLists(trap, ground, reach) if listed else None
        if self.inputs is None:
            self._ground = jnp.asarray(ground)
        else:
            zeros = np.zeros(num_envs, np.int32)
            most = jax.eval_shape(self.reset_to_level, zeros)[0].shape[1]
            self._set_spaces(Box(0, self.inputs.count, (most,), np.int32))

    def reset(self, key: Array, alpha: Array | None = None) -> tuple[Array, State]:
        """Begin an episode in every environment, on levels that the key picks.

        Args:
            key: picks the levels.
            alpha: as for ``pick_levels``.

        Returns:
            Observations (n, ...), and the state, a tree of arrays for ``step``.
        """
        return self.reset_to_level(self.pick_levels(key, alpha))

    def reset_to_level(self, level: Array) -> tuple[Array, State]:
        """Begin an episode in every environment on a chosen level.

        Args:
            level: integers (n,), 0 to ``num_levels`` - 1; with ``alpha``, those of the shift are
                numbered on from there. Of another number compiled code takes the nearest.

        Returns:
            What ``reset`` returns.

        Raises:
            ValueError: the levels are not n integers.
        """
        rows = self._as_integers("levels", level)
        with _own_rules(False):
            state = self._begin(jnp.clip(rows, 0, self._rows - 1))
            return self._observe(state), state

    def step(
        self, key: Array, state: State, action: Array, alpha: Array | None = None
    ) -> tuple[Array, State, Array, Array, dict[str, Array]]:
        """Take one step in every environment; an episode that ends is followed by the next one.

        Args:
            key: picks the levels of what begins.
            state: as ``reset`` and ``step`` return it.
            action: integers (n,), 0 left, 1 down, 2 right, 3 up, 4 act. Compiled code cannot
                refuse another value: what it leads to is undefined.
            alpha: as for ``pick_levels``.

        Returns:
            Observations (n, ...), the next state, rewards float32 (n,), which episodes ended
            or were truncated (bool (n,)) and infos.

        Raises:
            ValueError: the actions are not n integers.
        """
        return self.step_to_level(self.pick_levels(key, alpha), state, action)

    def step_to_level(
        self, level: Array, state: State, action: Array
    ) -> tuple[Array, State, Array, Array, dict[str, Array]]:
        """Take the step of ``step``; the episode after an end is on a chosen level.

        Args:
            level: integers (n,), as for ``reset_to_level``; those of episodes that go on have no
                effect.
            state: as for ``step``.
            action: as for ``step``.
        """
        rows = self._as_integers("levels", level)
        final_obs, after, reward, done, infos = self.step_env(state, action)
        with _own_rules(False):
            starts = self._begin(rows)
            following = jax.tree.map(lambda old, new: jnp.where(done, new, old), after, starts)
            if self._final_obs:
                infos["final_obs"] = final_obs
            return self._observe(following), following, reward, done, infos

    def step_env(
        self, state: State, action: Array
    ) -> tuple[Array, State, Array, Array, dict[str, Array]]:
        """Take the step of ``step`` without a reset: the observation after an end is the last one.

        Args:
            state: of episodes that go on.
            action: as for ``step``.
        """
        actions = self._as_integers("actions", action)
        with _own_rules(False):
            after, rewards, ended = self._move(self._complete(state), actions)
            after = _merge(lambda old, new: None if old is None else new, state, after)
            reward, truncated, done = self._judge(after.clock, rewards, ended)
            infos = self._tell(*read_rows(state.level.row, self.settings), rewards)
            infos |= {"terminated": ended, "truncated": truncated}
            return self._observe(after), after, reward, done, infos

    def _as_integers(self, name: str, values: Array) -> Array:
        """Return actions or levels as int32 (n,), or raise ValueError."""
        array = jnp.asarray(values)
        if array.shape != (self.num_envs,) or not jnp.issubdtype(array.dtype, jnp.integer):
            raise ValueError(
                f"{name} must be {self.num_envs} integers, one for each environment; got"
                f" {array.dtype} of the shape {array.shape}"
                + (f"; {EXPECTED_ACTION}" if name == "actions" else "")
            )
        return array.astype(jnp.int32)

    def _move(self, state: State, action: Array) -> Step:
        """Take one step from a state whose level holds all its arrays; episodes do not restart."""
        with _own_rules(bool(self.trap.seeds)):
            complete_state = state._replace(level=state.level._replace(tables=self._tables))
            if self.trap.seeds:  # random words follow from the clock, in 64 bits
                complete_state = complete_state._replace(
                    clock=complete_state.clock.astype(jnp.int64)
                )
            after, rewards, ended = self._rules.step(complete_state, action)
            after = after._replace(level=state.level)
            after = jax.tree.map(lambda old, new: new.astype(old.dtype), state, after)
            return Step(after, rewards, ended)

    def _find_fixed(self, starts: State) -> State:
        """Return the arrays of a state that no rule of the trap changes.

        In a traced step, the variable of such an array is at once one that goes in and comes out.
        """
        row: Any = np.zeros(1, np.int32)
        state = _set_rows(jax.tree.map(lambda array: array[..., row], starts), row)
        traced = jax.make_jaxpr(lambda state: self._move(state, row).state)(state).jaxpr
        same = [old is new for old, new in zip(traced.invars, traced.outvars, strict=True)]
        return jax.tree.unflatten(jax.tree.structure(state), same)

    def _complete(self, state: State) -> State:
        """Return a state with the constant arrays of its levels filled in, except the tables."""
        stays = self._stays.take(state.level.row)
        return _merge(lambda variable, still: still if variable is None else variable, state, stays)

    def _begin(self, rows: Array) -> State:
        """Return the start states of the levels at ``rows`` of the bank."""
        return _set_rows(self._begins.take(rows), rows)

    def pick_levels(self, key: Array, alpha: Array | None = None) -> Array:
        """Return the levels that ``reset`` and ``step`` pick by a key, int32 (n,).

        Args:
            key: of random numbers.
            alpha: uint32 (2,), the share of levels of the shift in the two words of
                ``split_alpha``, by default that of the settings. One program serves all shares if
                the environments have levels of the shift, numbered on from ``num_levels``.
        """
        with _own_rules(True):
            key_words = jax.random.key_data(key).astype(jnp.int64)
            stream = reduce(lambda stream, word: mix(stream + word), key_words, 0)
            env_numbers = jnp.arange(self.num_envs, dtype=jnp.int64)
            words = None if alpha is None else jnp.asarray(alpha).astype(jnp.int64)
            rows = pick_rows(stream, env_numbers, self.settings, words)
            return rows.astype(jnp.int32)

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
        n, channels = self.num_envs, self.trap.channels
        state, where = self._complete(state), list[Array]()
        state = state._replace(level=state.level._replace(tables=self._tables))
        dots = self._rules.dots(state, self._still)
        if self.inputs is not None:
            return self.inputs.list_inputs(state, dots)
        for plane, cells, there in dots:
            for channel in [i for i, other in enumerate(channels) if other == plane]:
                index = cells * len(channels) + channel
                # What is not set points to the agent, whose dot comes first and is always set.
                where.append(index if there is None else jnp.where(there, index, where[0]))
        planes, rows = self._ground[state.level.row], jnp.arange(n)
        planes = planes.at[rows, jnp.concatenate(where)].set(1, mode="promise_in_bounds")
        obs: Array = self._observation.from_planes(planes.reshape(n, *self.trap.size, -1), state)
        return obs


def _merge(choose: Any, first: State, second: State) -> State:
    """Apply ``choose`` to each pair of arrays of two states; an array of the first may be None."""
    merged: State = jax.tree.map(choose, first, second, is_leaf=lambda array: array is None)
    return merged


def _set_rows(state: State, rows: Array) -> State:
    """Return a state at clock 0 whose levels are ``rows`` of the bank."""
    return state._replace(level=state.level._replace(row=rows), clock=jnp.zeros_like(rows))


class _LevelTable:
    """NumPy arrays of levels (..., levels) in one table, so that levels are taken by one gather."""

    def __init__(self, state: State) -> None:
        self._arrays, self._tree = jax.tree.flatten(state)
        flat = [array.astype(np.int32).reshape(-1, array.shape[-1]) for array in self._arrays]
        self._table = jnp.asarray(np.vstack(flat).T if flat else np.zeros((1, 0), np.int32))

    def take(self, rows: Array) -> State:
        """Return the arrays of the levels ``rows``, each (..., n)."""
        fields, leaves, first = self._table[rows].T, list[Array](), 0
        for array in self._arrays:
            shape = array.shape[:-1]
            part, first = fields[first : first + prod(shape)], first + prod(shape)
            leaves.append(part.reshape(*shape, *rows.shape).astype(array.dtype))
        state: State = jax.tree.unflatten(self._tree, leaves)
        return state


def _narrow(array: Any) -> Any:
    """Return a NumPy array, its integers with 32 bits: JAX would compile a program for each."""
    if array.dtype == np.int64:
        wide, array = array, array.astype(np.int32)
        if (lost := wide[wide != array]).size:
            raise ValueError(f"a level holds the number {lost[0]:,}; JAX takes numbers below 2**31")
    return array
