"""Environments as pure functions of JAX arrays, for ``jit``, ``vmap`` and ``lax.scan``."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np

from mesa_gym.engine import STAY, State
from mesa_gym.engine.chance import mix
from mesa_gym.envs.checks import EXPECTED_ACTION
from mesa_gym.envs.device import DeviceEnv
from mesa_gym.envs.infos import key_payments
from mesa_gym.envs.observations import Bytes, Centred
from mesa_gym.envs.supply import MOST_BANKED, bank_of, pick_levels
from mesa_gym.errors import missing_extra
from mesa_gym.traps import Split, Trap
from mesa_gym.traps.trap import Step

try:
    import jax
    import jax.numpy as jnp
    from jax import Array
except ImportError:
    raise missing_extra("jax", "jax") from None


class JaxEnv(DeviceEnv):
    """n environments of a trap as two pure functions, called as those of Gymnax.

    Levels are drawn once, on the CPU. What ends begins its next episode in the same step, on a
    level that the step's key picks: another order than that of the seeds of ``TrapEnv``, while
    each episode is NumPy's on its level. Integers have 32 bits, whether JAX has 64-bit ones
    switched on or not; what rules draw is mixed in 64 bits all the same.

    Infos hold what belongs to the step just taken: ``reward_<name>`` for each objective (float32
    (n,)), ``level`` and ``split`` (int32 (n,), where it was taken; ``level`` leaves out the 2**48
    of levels of the shift that ``alpha`` mixes in), ``terminated`` and ``truncated`` (bool (n,))
    and ``final_obs``, what the agent saw after it, before another episode began: bootstrap from it
    what was truncated. Of all this, compiled code computes only what is used.

    Args:
        trap: as for ``TrapEnv``.
        num_envs: how many environments.
        num_levels: how many levels there are (with ``alpha``, as many of the shift's too).
        **keywords: as for ``TrapEnv``, with the same errors; the observation is ``planes``,
            ``centred``, ``flat`` or ``chw``.

    Attributes:
        trap: the trap; ``num_envs`` is as given.
        observation_space: of all environments, as ``action_space`` is; ``single_observation_space``
            and ``single_action_space`` are of one.
    """

    def __init__(
        self,
        trap: str | type[Trap] | Trap,
        num_envs: int,
        *,
        num_levels: int = MOST_BANKED,
        **keywords: Any,
    ) -> None:
        super().__init__(trap, num_envs, num_levels, keywords)
        trap, bank = self.trap, bank_of(self.settings)
        self._rules = trap.bound(jnp, integers="int32")
        tables = bank.level.tables
        with jax.enable_x64(True):
            seeds = {name: jnp.asarray(tables[name]) for name in trap.seeds}
        self._tables = {name: _narrow(tables[name]) for name in tables if name not in seeds} | seeds
        level = bank.level._replace(row=None, number=None, key=None, tables={})
        self._starts = jax.tree.map(_narrow, bank._replace(level=level, clock=None))
        # What no step changes is carried by no state; things that stay are drawn only once.
        fixed = self._find_fixed()
        self._begins = _merge(lambda start, same: None if same else start, self._starts, fixed)
        self._still = [kind for kind in trap.things if fixed.at[kind] and fixed.there[kind]]
        self._ground = jnp.asarray(self._draw_ground(bank))
        count, chw = len(trap.channels), self.settings.observation.name == "chw"
        self._of_cell, of_channel = (1, trap.cells) if chw else (count, 1)
        self._places = {
            plane: [i * of_channel for i in range(count) if trap.channels[i] == plane]
            for plane in trap.planes
        }

    def reset(self, key: Array) -> tuple[Array, State]:
        """Begin an episode in every environment, on levels that the key picks.

        Returns:
            Observations uint8 (n, ...), and the state, a tree of arrays for ``step``.
        """
        with jax.enable_x64(False):
            state = _take(self._begins, self._pick(key))
            return self._observe(state), state

    def step(
        self, key: Array, state: State, action: Array
    ) -> tuple[Array, State, Array, Array, dict[str, Array]]:
        """Take one step in every environment; what ends begins its next episode.

        Args:
            key: picks the levels of what begins.
            state: as ``reset`` and ``step`` return it.
            action: integers (n,), 0 left, 1 down, 2 right, 3 up, 4 act. Compiled code cannot
                refuse another value: what it leads to is undefined.

        Returns:
            Observations uint8 (n, ...), the next state, rewards float32 (n,), which episodes ended
            or were truncated (bool (n,)) and infos.

        Raises:
            ValueError: the actions are not n integers.
        """
        given = jnp.asarray(action)
        if given.shape != (self.num_envs,) or not jnp.issubdtype(given.dtype, jnp.integer):
            raise ValueError(
                f"actions must be {self.num_envs} integers, one for each environment; got"
                f" {given.dtype} of the shape {given.shape}; {EXPECTED_ACTION}"
            )
        with jax.enable_x64(False):
            after, paid, ended = self._move(state, given.astype(jnp.int32))
            late = after.clock >= self.settings.max_steps
            done = ended | late
            begun = _take(self._begins, self._pick(key))
            following = jax.tree.map(lambda old, new: jnp.where(done, new, old), after, begun)
            reward = paid[self.settings.reward] + self.settings.step_reward
            infos = key_payments(paid) | self._find_levels(state.level.row)
            infos |= {"terminated": ended, "truncated": late, "final_obs": self._observe(after)}
            return self._observe(following), following, reward, done, infos

    def _move(self, state: State, action: Array) -> Step:
        """Take the step alone; what the state does not carry, the next one does not either."""
        draws = bool(self.trap.seeds)
        with jax.enable_x64(draws):
            whole = self._complete(state)
            if draws:  # random words follow from the clock, in 64 bits
                whole = whole._replace(clock=whole.clock.astype(jnp.int64))
            after, paid, ended = self._rules.step(whole, action)
            after = after._replace(level=state.level)
            after = _merge(
                lambda old, new: old if old is None else new.astype(old.dtype), state, after
            )
            return Step(after, paid, ended)

    def _find_fixed(self) -> State:
        """Return which arrays of a state the rules hand on as they are, whatever happens."""
        state = _take(self._starts, jnp.zeros(1, jnp.int32))
        action = jnp.full(1, STAY, jnp.int32)
        traced = jax.make_jaxpr(lambda state: self._move(state, action).state)(state).jaxpr
        same = [old is new for old, new in zip(traced.invars, traced.outvars, strict=True)]
        return jax.tree.unflatten(jax.tree.structure(state), same)

    def _complete(self, state: State) -> State:
        """Return a state with all that its levels hold."""
        row = state.level.row

        def fill(given: Any, start: Any) -> Any:
            return start[..., row] if given is None and start is not None else given

        whole = _merge(fill, state, self._starts)
        return whole._replace(level=whole.level._replace(tables=self._tables))

    def _pick(self, key: Array) -> Array:
        """Return where the levels of the next episodes stand in the bank, int32 (n,)."""
        with jax.enable_x64(True):
            words = jax.random.key_data(key).astype(jnp.int64)
            stream = reduce(lambda stream, word: mix(stream + word), words, 0)
            each = jnp.arange(self.num_envs, dtype=jnp.int64)
            number, shifted = pick_levels(stream, each, self.settings)
            return (number + shifted * self.num_levels).astype(jnp.int32)

    def _find_levels(self, row: Array) -> dict[str, Array]:
        """Return the numbers and splits of levels by where they stand in the bank."""
        settings, count = self.settings, self.num_levels
        split = jnp.where(row < count, settings.split.code, Split.SHIFT.code)
        return {"level": row % count, "split": split}

    def _draw_ground(self, bank: State) -> Bytes:
        """Return what never changes in an observation of each level, (levels, bytes)."""
        trap, n = self.trap, bank.n
        canvas = trap.draw_ground(bank.level, n).reshape(n, trap.cells, -1)
        for kind in self._still:
            for plane, cells, there in trap.thing_dots(bank, kind):
                slot, row = there.nonzero()
                canvas[row, cells[slot, row], trap.channel[plane]] = 1
        canvas = canvas[..., [trap.channel[plane] for plane in trap.channels]]
        if self.settings.observation.name == "chw":
            canvas = canvas.swapaxes(1, 2)
        return canvas.reshape(n, -1)

    def _observe(self, state: State) -> Array:
        state, n, observation = self._complete(state), self.num_envs, self.settings.observation
        where: list[Array] = []
        for plane, cells, there in self._rules.dots(state, self._still):
            for place in self._places[plane]:
                index = cells * self._of_cell + place
                # What is not set points to the agent, whose dot comes first and is always set.
                where.append(index if there is None else jnp.where(there, index, where[0]))
        ground, every = self._ground[state.level.row], jnp.arange(n)
        # One scatter of all: each is a kernel, which for few environments costs more than its work.
        shown = ground.at[every, jnp.concatenate(where)].set(1, mode="promise_in_bounds")
        if isinstance(observation, Centred):
            cells = jnp.asarray(observation.windows, jnp.int32)[state.agent]
            cells += every[:, None] * self.trap.cells
            shown = shown.reshape(n * self.trap.cells, -1)[cells]
        return shown.reshape(n, *observation.space.shape)


def _merge(choose: Any, first: State, second: State) -> State:
    """Return what ``choose`` makes of each pair of arrays, of which the first may be None."""
    merged: State = jax.tree.map(choose, first, second, is_leaf=lambda array: array is None)
    return merged


def _take(starts: State, rows: Array) -> State:
    """Return states at the start of the levels that stand at some rows of the bank."""
    taken: State = jax.tree.map(lambda array: array[..., rows], starts)
    return taken._replace(level=taken.level._replace(row=rows), clock=jnp.zeros_like(rows))


def _narrow(array: Any) -> Array:
    """Return a NumPy array as one of JAX, integers with 32 bits."""
    if array.dtype == np.int64:
        wide, array = array, array.astype(np.int32)
        if (lost := wide[wide != array]).size:
            raise ValueError(f"a level holds {lost[0]:,}; on JAX its numbers must be below 2**31")
    return jnp.asarray(array)
