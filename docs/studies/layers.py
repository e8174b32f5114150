"""Layers of linear self-attention that descend on a proxy: ``python -m docs.studies.layers``.

It trains the networks of docs/studies/layers.md and writes their figures to layers.json;
``python -m docs.results_page`` then puts the tables into the page.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.optimize import minimize

FIGURES = Path(__file__).with_suffix(".json")
MARKS, TOKENS, KINDS = 4, 8, 3
SEEDS = 5
BATCH, RATE = 256, 0.003
EVALUATED = 4096  # lives
Array = Any  # of NumPy or JAX
Weights = dict[str, Any]


class Setting(NamedTuple):
    """A network and the lives on which it is trained.

    Attributes:
        depth: the number of layers.
        told: entries of a token that tell its payment.
        flash: entries that show its flash.
        size: the flash of a payment of 1.
        kinds: marks are one of three kinds, after one to five tokens, instead of signs.
        shuffled: payments of a context are permuted among its tokens.
        network: ``layers``, ``gru`` or ``mlp``.
        updates: of training.
    """

    depth: int = 1
    told: int = 1
    flash: int = 1
    size: float = 1.0
    kinds: bool = False
    shuffled: bool = False
    network: str = "layers"
    updates: int = 2000

    @property
    def marks(self) -> int:
        """The number of entries for marks."""
        return KINDS if self.kinds else MARKS

    @property
    def width(self) -> int:
        """The number of entries of a token."""
        return self.marks + self.told + self.flash

    @property
    def law(self) -> float:
        """The predicted kappa of one layer trained by Adam from a small start."""
        return self.flash * self.size / (self.flash * self.size + self.told)


class Lives(NamedTuple):
    """A batch of lives: marks (b, n, d), payments and flashes (b, n), two queries' (b, 2, ...)."""

    marks: Array
    pay: Array
    flash: Array
    query_marks: Array
    query_pay: Array
    query_flash: Array
    scale: Array


# -- the law, exactly ----------------------------------------------------------------------------


def list_curvatures() -> tuple[np.ndarray, np.ndarray]:
    """Return the eigenvalues of A, the mean of x x' over 8 tokens, (c, 4), and their chances."""
    signs = [(1, *rest) for rest in itertools.product((1, -1), repeat=MARKS - 1)]
    outer = np.array([np.outer(x, x) for x in signs])  # A is the same for x and -x
    draws = itertools.combinations_with_replacement(range(len(signs)), TOKENS)
    counts = np.array([np.bincount(draw, minlength=len(signs)) for draw in draws])
    orders = [math.factorial(TOKENS) / math.prod(map(math.factorial, row)) for row in counts]
    chances = np.array(orders) / len(signs) ** TOKENS
    return np.linalg.eigvalsh(np.tensordot(counts, outer, 1) / TOKENS), chances


def follow_plan(curvature: Array, plan: Sequence[Sequence[float]]) -> Array:
    """Return h, elementwise, where h(A) c are the weights that layers find; c is the mean of y x.

    Args:
        curvature: eigenvalues of A.
        plan: of each layer its step for the query, its step for the tokens, and how much it takes
            away from the marks along A. A plain gradient step is (s, s, 0).
    """
    solved, residual, marks = 0 * curvature, 1 + 0 * curvature, 1 + 0 * curvature
    for query_step, token_step, away in plan:
        moment = marks**2 * residual
        solved = solved + query_step * moment
        residual = residual - token_step * curvature * moment
        marks = marks - away * curvature * marks**3
    return solved


def find_loss(plan: Sequence[Sequence[float]]) -> float:
    """Return the exact loss of a plan on lives of signs."""
    curvature, chances = list_curvatures()
    error = (1 - curvature * follow_plan(curvature, plan)) ** 2
    return float(chances @ error.mean(axis=1))


def find_best_steps(depth: int) -> tuple[float, list[float]]:
    """Return the least loss of plain gradient steps, and the steps, exactly."""
    curvature, chances = list_curvatures()
    moments = [float(chances @ (curvature**k).mean(axis=1)) for k in range(2 * depth + 1)]
    system = np.array([[moments[i + j] for j in range(1, depth + 1)] for i in range(1, depth + 1)])
    right = np.array(moments[1 : depth + 1])
    shares = np.linalg.solve(system, right)  # of the powers of A in the prediction
    roots = np.roots([*-shares[::-1], 1.0])
    return float(1 - right @ shares), sorted((1 / roots.real).tolist())


def find_best_plan(depth: int) -> tuple[float, list[list[float]]]:
    """Return the least loss of a plan that writes into marks as well, and the plan."""
    curvature, chances = list_curvatures()

    def loss(flat: np.ndarray) -> float:
        error = (1 - curvature * follow_plan(curvature, flat.reshape(depth, 3))) ** 2
        return float(chances @ error.mean(axis=1))

    start = np.tile([0.5, 0.5, 0.4], depth)
    best = minimize(loss, start, method="BFGS")
    return float(best.fun), best.x.reshape(depth, 3).tolist()


# -- networks --------------------------------------------------------------------------------------


def run_layers(weights: Weights, tokens: Array, queries: Array) -> list[tuple[Array, Array]]:
    """Return the tokens (..., n, D) and queries (..., m, D) before and after each layer.

    Layers are linear self-attention over the tokens. A token of zeros is none.
    """
    stream = [(tokens, queries)]
    count = (tokens != 0).any(-1).sum(-1).clip(1)[..., None, None]
    for write, match in zip(weights["write"], weights["match"], strict=True):
        change = (tokens.mT @ tokens / count @ match).mT @ write.T
        tokens, queries = tokens + tokens @ change, queries + queries @ change
        stream.append((tokens, queries))
    return stream


def build_layers(setting: Setting, kappa: float, steps: Sequence[float]) -> Weights:
    """Return layers, made by hand, that are gradient steps on the target of a kappa."""
    d, width = setting.marks, setting.width
    target = np.zeros(width)
    target[d : d + setting.told] = (1 - kappa) / setting.told
    target[d + setting.told :] = kappa / (setting.flash * setting.size)
    labels = np.zeros(width)
    labels[d : d + setting.told], labels[d + setting.told :] = 1.0, setting.size
    match = np.diag(np.arange(width) < d).astype(float)
    write = np.array([-step * np.outer(labels, target) for step in steps])
    return {"write": write, "match": np.array([match] * len(steps)), "read": -target}


def start_network(key: Array, setting: Setting) -> Weights:
    """Return small random weights."""
    width, size = setting.width, 0.02 if setting.depth == 1 else 0.003
    shapes: dict[str, tuple[int, ...]] = {
        "write": (setting.depth, width, width),
        "match": (setting.depth, width, width),
        "read": (width,),
    }
    if setting.network == "gru":
        shapes = {"gates": (width + 65, 192), "head": (64 + width + 1, 64), "read": (64,)}
    if setting.network == "mlp":
        inputs = width * (TOKENS + 1) + 1
        shapes = {"first": (inputs, 256), "head": (257, 256), "read": (256,)}
    keys = jax.random.split(key, len(shapes))
    return {
        name: jax.random.normal(k, shape)
        * (size if setting.network == "layers" else shape[0] ** -0.5)
        for k, (name, shape) in zip(keys, shapes.items(), strict=True)
    }


def predict(network: str, weights: Weights, tokens: Array, queries: Array) -> Array:
    """Return the predicted payments of queries, (..., m)."""
    if network == "layers":
        return run_layers(weights, tokens, queries)[-1][1] @ weights["read"]

    def extend(array: Array) -> Array:
        return jnp.concatenate([array, jnp.ones((*array.shape[:-1], 1))], -1)

    shape = (*queries.shape[:-1], -1)
    if network == "mlp":
        flat = jnp.broadcast_to(
            tokens.reshape(*tokens.shape[:-2], 1, -1), (*shape[:-1], tokens.shape[-1] * TOKENS)
        )
        hidden = jax.nn.relu(extend(jnp.concatenate([flat, queries], -1)) @ weights["first"])
        return jax.nn.relu(extend(hidden) @ weights["head"]) @ weights["read"]
    memory = jnp.zeros((*tokens.shape[:-2], 64))
    for i in range(TOKENS):
        token = tokens[..., i, :]
        reset, update, _ = jnp.split(
            extend(jnp.concatenate([token, memory], -1)) @ weights["gates"], 3, -1
        )
        reset, update = jax.nn.sigmoid(reset), jax.nn.sigmoid(update)
        new = jnp.tanh(
            extend(jnp.concatenate([token, reset * memory], -1)) @ weights["gates"][:, 128:]
        )
        memory = update * memory + (1 - update) * new
    memory = jnp.broadcast_to(memory[..., None, :], (*shape[:-1], 64))
    return (
        jax.nn.relu(extend(jnp.concatenate([memory, queries], -1)) @ weights["head"])
        @ weights["read"]
    )


# -- lives and training ----------------------------------------------------------------------------


def draw_lives(key: Array, setting: Setting, lives: int, shift: bool = False) -> Lives:
    """Draw lives with payments linear in marks; under the shift the flash is independent."""
    keys = jax.random.split(key, 6)
    d, count = setting.marks, 5 if setting.kinds else TOKENS
    shape = (lives, count + 2)
    if setting.kinds:
        marks = jax.nn.one_hot(jax.random.randint(keys[0], shape, 0, d), d)
        spread = 1.0
        kept = jnp.arange(count + 2) < jax.random.randint(keys[4], (lives, 1), 1, count + 1)
        marks = marks * (kept | (jnp.arange(count + 2) >= count))[..., None]
    else:
        marks, spread = jax.random.rademacher(keys[0], (*shape, d), float), d**-0.5
    scale = 3.0 ** jax.random.uniform(keys[1], (lives, 1), minval=-1, maxval=1)
    law = spread * jax.random.normal(keys[2], (2, lives, d, 1))
    pay = (marks @ law[0])[..., 0] * scale
    flash = (marks @ law[1])[..., 0] * scale if shift else pay
    labels = jnp.stack([pay, flash], -1)
    labels, answers = labels[:, :count], labels[:, count:]
    if setting.shuffled:
        order = jax.random.permutation(
            keys[3], jnp.tile(jnp.arange(count), (lives, 1)), 1, independent=True
        )
        labels = jnp.take_along_axis(labels, order[..., None], 1)
    split = marks[:, :count], labels[..., 0], labels[..., 1]
    return Lives(*split, marks[:, count:], answers[..., 0], answers[..., 1], scale)


def make_tokens(setting: Setting, marks: Array, pay: Array, flash: Array) -> Array:
    """Return tokens (..., D) of tasted fruits."""
    payments = jnp.repeat(pay[..., None], setting.told, -1)
    flashes = jnp.repeat(setting.size * flash[..., None], setting.flash, -1)
    return jnp.concatenate([marks, payments, flashes], -1)


def make_queries(setting: Setting, marks: Array) -> Array:
    """Return queries (..., D): fruits of which marks alone are seen."""
    return jnp.concatenate(
        [marks, jnp.zeros((*marks.shape[:-1], setting.width - setting.marks))], -1
    )


def make_inputs(setting: Setting, lives: Lives) -> tuple[Array, Array]:
    """Return the tokens and queries of lives."""
    tokens = make_tokens(setting, lives.marks, lives.pay, lives.flash)
    return tokens, make_queries(setting, lives.query_marks)


def find_losses(setting: Setting, weights: Weights, lives: Lives) -> Array:
    """Return the mean squared error, relative to each life's scale."""
    error = predict(setting.network, weights, *make_inputs(setting, lives)) - lives.query_pay
    return ((error / lives.scale) ** 2).mean()


def train(setting: Setting, seeds: Sequence[int]) -> Weights:
    """Train a network for each seed; return their weights, stacked."""
    rate = optax.linear_schedule(RATE, 0.0, setting.updates)
    optimiser = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))

    def update(carry: Any, key: Array) -> Any:
        weights, state = carry
        lives = draw_lives(key, setting, BATCH)
        slope = jax.grad(lambda w: find_losses(setting, w, lives))(weights)
        change, state = optimiser.update(slope, state)
        return (optax.apply_updates(weights, change), state), None

    def run(seed: Array) -> Weights:
        first, rest = jax.random.split(jax.random.key(seed))
        weights = start_network(first, setting)
        keys = jax.random.split(rest, setting.updates)
        return jax.lax.scan(update, (weights, optimiser.init(weights)), keys)[0][0]

    return jax.jit(jax.vmap(run))(jnp.asarray(seeds))
