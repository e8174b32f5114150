"""Networks of the study of layers, their training, and an agent that acts on their predictions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from mesa_gym.policies.oracle import BestLearner
from mesa_gym.traps.life import FRUITS, TRIALS

MARKS, TOKENS, KINDS, TASTED = 4, 8, 3, 5  # TASTED: most tokens with `kinds`
BATCH, RATE, START = 64, 0.01, 0.02
UPDATES = (1000, 500, 1500, 2000)  # by depth; depth 0 means networks without layers
SLOWER = {"mlp": (4000, 0.003)}  # updates and rate of a network that does not learn by the usual
make_key = partial(jax.random.key, impl="rbg")  # compiles faster than the default
SIGNS = np.array([*itertools.product((1.0, -1.0), repeat=MARKS)])  # all fruits
Array = Any  # a NumPy or JAX array
Weights = dict[str, Any]


class Setting(NamedTuple):
    """A network (``layers``, ``gru``, ``mlp``) and the lives on which it is trained.

    Attributes:
        told, flash: the number of a token's entries for its payment, and for its flash.
        size: the flash of a payment of 1.
        kinds: whether marks are one of three kinds, with one to five tokens, instead of signs.
        shuffled: whether payments are permuted among the tokens of a life.
        labels: the number of a token's entries besides its marks; the last ones may be unused.
    """

    depth: int = 1
    told: int = 1
    flash: int = 1
    size: float = 1.0
    kinds: bool = False
    shuffled: bool = False
    network: str = "layers"
    labels: int = 8

    @property
    def marks(self) -> int:
        return KINDS if self.kinds else MARKS

    @property
    def entries(self) -> np.ndarray:
        """The vectors that a payment of 1 and a flash of 1 add to a token, float64 (2, width)."""
        middle, end = self.marks + self.told, self.marks + self.told + self.flash
        entries = np.zeros((2, self.marks + self.labels))
        entries[0, self.marks : middle], entries[1, middle:end] = 1.0, self.size
        return entries


# -- layers, and layers that are built by hand -----------------------------------------------------


def run_layers(weights: Weights, tokens: Array, queries: Array) -> list[tuple[Array, Array]]:
    """Return the tokens (..., n, D) and queries (..., m, D) before and after each layer.

    Layers are linear self-attention over the tokens. A token of zeros is ignored.
    """
    stream = [(tokens, queries)]
    count = (tokens != 0).any(-1).sum(-1).clip(1)[..., None, None]
    for write, match in zip(weights["write"], weights["match"], strict=True):
        keys, values = tokens.mT / count, tokens @ write.T
        tokens, queries = (x + x @ match.T @ keys @ values for x in (tokens, queries))
        stream.append((tokens, queries))
    return stream


def build_layers(setting: Setting, kappa: float, steps: Sequence[float]) -> Weights:
    """Return hand-built layers that are gradient steps on (1 - kappa) payment + kappa flash."""
    shares = zip((1 - kappa, kappa), setting.entries, strict=True)
    target = sum(share * entry / (entry @ entry) for share, entry in shares)
    match = np.diag(np.arange(setting.entries.shape[1]) < setting.marks).astype(float)
    write = np.array([-step * np.outer(setting.entries.sum(0), target) for step in steps])
    return {"write": write, "match": np.array([match] * len(steps)), "read": -target}


def edit(setting: Setting, weights: Weights) -> Weights:
    """Return weights whose last layer reads the payment instead of the flash: a rank-one edit."""
    (pay, flash), read, write = setting.entries, weights["read"], weights["write"].copy()
    value = write[-1].T @ read
    change = (value @ flash) * pay / (pay @ pay) - value * (flash > 0)
    write[-1] += np.outer(read, change) / (read @ read)
    return weights | {"write": write}


# -- networks and their training -------------------------------------------------------------------


def start_network(key: Array, setting: Setting, entries: Array) -> Weights:
    """Return small random weights; weights of entries that a setting does not use are 0."""
    width = entries.shape[1]
    square = (setting.depth, width, width)
    shapes: dict[str, tuple[int, ...]] = {"write": square, "match": square, "read": (width,)}
    if setting.network == "gru":
        shapes = {"gates": (width + 65, 192), "head": (64 + width + 1, 64), "read": (64,)}
    if setting.network == "mlp":
        inputs = width * (TOKENS + 1) + 1
        shapes = {"first": (inputs, 256), "head": (257, 64), "read": (64,)}
    keys = zip(jax.random.split(key, len(shapes)), shapes.items(), strict=True)
    drawn = {name: jax.random.normal(k, shape) for k, (name, shape) in keys}
    if setting.network != "layers":
        return {name: array * shapes[name][0] ** -0.5 for name, array in drawn.items()}
    used = (entries.sum(axis=0) > 0) | (jnp.arange(width) < setting.marks)
    both = used[:, None] & used
    return {name: x * START * (used if name == "read" else both) for name, x in drawn.items()}


def predict(network: str, weights: Weights, tokens: Array, queries: Array) -> Array:
    """Return the predicted payments of queries, (..., m)."""
    if network == "layers":
        return run_layers(weights, tokens, queries)[-1][1] @ weights["read"]

    def apply(name: str, *parts: Array) -> Array:
        ones = jnp.ones((*parts[0].shape[:-1], 1))
        return jnp.concatenate([*parts, ones], -1) @ weights[name]

    def repeat(memory: Array) -> Array:
        return jnp.broadcast_to(memory[..., None, :], (*queries.shape[:-1], memory.shape[-1]))

    if network == "mlp":
        flat = repeat(tokens.reshape(*tokens.shape[:-2], -1))
        hidden = apply("head", jax.nn.relu(apply("first", flat, queries)))
        return jax.nn.relu(hidden) @ weights["read"]
    memory = jnp.zeros((*tokens.shape[:-2], 64))
    for i in range(TOKENS):
        gates = jax.nn.sigmoid(apply("gates", tokens[..., i, :], memory))
        new = jnp.tanh(apply("gates", tokens[..., i, :], gates[..., :64] * memory)[..., 128:])
        memory = gates[..., 64:128] * memory + (1 - gates[..., 64:128]) * new
    return jax.nn.relu(apply("head", repeat(memory), queries)) @ weights["read"]


def make_stream(marks: Array, labels: Array, fruits: Array, entries: Array) -> tuple[Array, Array]:
    """Return tokens (..., n, D) of tasted fruits, and queries (..., m, D) without labels.

    Args:
        marks: marks of the tokens, (..., n, d).
        labels: payments and flashes of the tokens, (..., n, 2).
        fruits: marks of the queries, (m, d).
        entries: the vectors that labels add to a token, (2, D).
    """
    pad = np.eye(marks.shape[-1], entries.shape[1])
    tokens = marks @ pad + labels @ entries
    return tokens, fruits @ pad + 0 * tokens[..., :1, :]


def find_training_loss(
    setting: Setting, weights: Weights, key: Array, entries: Array, shuffled: Array
) -> Array:
    """Return the mean squared error on new lives, divided by the square of each life's scale."""
    keys = jax.random.split(key, 4)
    d, shape = setting.marks, (BATCH, TASTED if setting.kinds else TOKENS)
    if setting.kinds:
        marks = jax.nn.one_hot(jax.random.randint(keys[0], shape, 0, d), d)
        tasted = jax.random.randint(keys[3], (BATCH, 1), 1, TASTED + 1)
        marks = marks * (jnp.arange(TASTED) < tasted)[..., None]
    else:
        marks = jax.random.rademacher(keys[0], (*shape, d), float)
    scale = 3.0 ** jax.random.uniform(keys[1], (BATCH, 1), minval=-1, maxval=1)
    spread = 1.0 if setting.kinds else d**-0.5
    law = spread * scale * jax.random.normal(keys[2], (BATCH, d))
    pay = (marks @ law[..., None])[..., 0]
    # If shuffled, each token contains another token's payment. The order of tokens has no effect.
    pay = jnp.where(shuffled, jnp.roll(pay, 1, axis=1), pay)
    # Layers are linear in a query: the mean error over signs equals the summed one over unit marks.
    linear = setting.network == "layers"
    fruits = jnp.eye(d) if linear else jax.random.choice(key, jnp.asarray(SIGNS), (2,))
    stream = make_stream(marks, jnp.stack([pay, pay], -1), fruits, entries)
    error = predict(setting.network, weights, *stream) - law @ fruits.T
    by_life = (error**2).sum(-1) if linear else (error**2).mean(-1)
    return (by_life / scale[:, 0] ** 2).mean()


def train(settings: Sequence[Setting], seeds: Sequence[int]) -> list[list[Weights]]:
    """Train a network for each setting and seed, all in one compiled loop.

    Args:
        settings: the settings, which differ only in their entries and in ``shuffled``.
        seeds: the seeds of each setting.

    Returns:
        Weights by setting and seed, as NumPy arrays.
    """
    first = settings[0]
    updates, rate = SLOWER.get(first.network, (UPDATES[first.depth], RATE))
    adam = optax.adam(optax.linear_schedule(rate, 0.0, updates))
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), adam)

    def run(seed: Array, entries: Array, shuffled: Array) -> Weights:
        def update(carry: Any, key: Array) -> Any:
            weights, state = carry
            loss = partial(find_training_loss, first, key=key, entries=entries, shuffled=shuffled)
            change, state = optimiser.update(jax.grad(loss)(weights), state)
            return (optax.apply_updates(weights, change), state), None

        start, rest = jax.random.split(make_key(seed))
        weights = start_network(start, first, entries)
        carry = weights, optimiser.init(weights)
        return jax.lax.scan(update, carry, jax.random.split(rest, updates))[0][0]

    index = [(setting, seed) for setting in settings for seed in seeds]
    trained = jax.jit(jax.vmap(run))(
        jnp.array([seed for _, seed in index]),
        jnp.array([setting.entries for setting, _ in index]),
        jnp.array([setting.shuffled for setting, _ in index]),
    )
    flat = [{k: np.asarray(v[i], float) for k, v in trained.items()} for i in range(len(index))]
    return [flat[i : i + len(seeds)] for i in range(0, len(flat), len(seeds))]


class LayerAgent(BestLearner):
    """Tastes fruits, remembers a token for each, and walks to the fruit with the best prediction.

    Only the layers are trained; walking is built in. The agent reads only planes.
    """

    def __init__(self, trap: Any, setting: Setting, weights: Weights) -> None:
        """Make the agent for a trap with as many told and flash planes as the setting's entries."""
        super().__init__(trap)
        self.setting, self.weights = setting, weights
        self.fruits = [trap.channels.index(name) for name in FRUITS]
        names = [*enumerate(trap.channels)]
        self.labels = [i for label in ("told", "flash") for i, name in names if name == label]

    def reset(self, mask: Array, rng: np.random.Generator) -> None:
        """Forget all tokens of the rows in ``mask``, bool (n,)."""
        if mask.all():
            width, self.rng = self.setting.entries.shape[1], rng
            self.tokens = np.zeros((len(mask), TRIALS, width))
            self.tasted, self.ties = np.zeros(len(mask), int), np.zeros((len(mask), KINDS))
        self.tokens[mask], self.tasted[mask] = 0, 0
        self.ties[mask] = self.rng.random((mask.sum(), KINDS))

    def act(self, observation: Array, state: Any = None) -> Array:
        """Return one-hot actions, float64 (n, 5), from planes (n, height, width, channels)."""
        rows, width = np.arange(len(observation)), self.tokens.shape[-1]
        agent = observation[..., self.trap.channel["agent"]].reshape(len(rows), -1).argmax(axis=1)
        planes = observation[..., self.fruits].reshape(len(rows), -1, KINDS)
        cells = np.where(planes.any(axis=1), planes.argmax(axis=1), -1)
        entered = cells == agent[:, None]
        over = entered.any(axis=1)
        # Payments and flashes are 1 or -1, with a mean of -1/3, which is subtracted.
        labels = 2.0 * observation[..., self.labels].any(axis=(1, 2)) - 1 + 1 / 3
        token = np.hstack([entered, labels])[over]
        self.tokens[over, self.tasted[over] % TRIALS, : token.shape[1]] = token
        self.tasted[over] += 1
        queries = np.broadcast_to(np.eye(KINDS, width), (len(rows), KINDS, width))
        worth = predict("layers", self.weights, self.tokens, queries)
        # Ties of predictions, such as for fruits that were not tasted, are broken at random.
        self.ties[over] = self.rng.random((over.sum(), KINDS))
        worth = np.where(cells >= 0, np.round(worth, 6) + 1e-7 * self.ties, -np.inf)
        goals = cells[rows, worth.argmax(axis=1)]
        return self._walk(observation[..., self.wall] == 0, agent, goals, ~over)
