"""By labels instead of reward: lives of six trials with one choice each, and six trainings.

    python -m docs.studies.labels FOLDER COLUMN [SETTING ...] [--seeds 20] [--updates 300]

trains agents of a column of Table 1 in docs/studies/lifetimes.md, and writes what each takes into a
file of FOLDER. A life is one of the traps of that page with its law, its forced trials and its
repeated planes; a choice of a fruit stands for the walk to it.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from agents.compiling import jax, jnp, optax

TRIALS, KINDS, UNITS, LIVES = 6, 3, 64, 256
NONE = KINDS  # in place of a kind
INPUTS = TRIALS + 3 * (KINDS + 1) + 2 * 16
RATE, CLIP, DISCOUNT, ENTROPY, VALUE = 6e-3, 1.0, 0.9, 0.1, 0.25
JUDGED = 2000  # lives of each split
LATE = 3  # trials from this one on, from 0, come after what an agent has to find out
Array = jax.Array
Weights = dict[str, Array]
Life = dict[str, Array]
Last = tuple[Array, Array, Array]


class Setting(NamedTuple):
    """The law of lives in training; ``plums`` below 0 where all kinds pay alike."""

    flash: float = 0.0
    signed: float = 0.0
    rho: float = 1.0
    plums: float = -1.0
    turns: float = 0.0


class Column(NamedTuple):
    """A training: by ``reward``, ``labels`` or ``exact`` expectation, on which play, how long."""

    by: str
    play: str = "own"
    length: float = 1.0
    held: float = 0.0  # the weight of the entropy that stays to the end; 0 for one that falls


SETTINGS = {
    "sign .98": Setting(signed=0.6, rho=0.98),
    "plum 3%": Setting(signed=0.4, plums=0.03),
    "turn": Setting(turns=1.0),
    "flash of 16 planes": Setting(flash=16.0),
    "sign always right": Setting(signed=0.6),
    "plum never": Setting(signed=0.4, plums=0.0),
}
COLUMNS = {
    "reward": Column("reward"),
    "labels": Column("labels"),
    "reward-x4": Column("reward", length=4),
    "labels-quarter": Column("labels", length=0.25),
    "exact": Column("exact"),
    "held-.1": Column("reward", held=0.1),
    "held-.2": Column("reward", held=0.2),
    "held-.4": Column("reward", held=0.4),
    "labels-random": Column("labels", "random"),
    "reward-random": Column("reward", "random"),
    "labels-shuffled": Column("labels", "shuffled"),
    "exact-x4": Column("exact", length=4),
}


# -- lives -----------------------------------------------------------------------------------------


def draw_lives(key: Array, count: int, law: Setting, shift: bool) -> Life:
    """Draw what pays and flashes (n, trials), the sign (n,), what lies alone, and the old kind."""
    keys = jax.random.split(key, 9)
    first = jax.random.randint(keys[0], (count,), 0, KINDS)
    signed = jax.random.uniform(keys[1], (count,)) < law.signed
    usual = jax.random.randint(keys[2], (count,), 0, KINDS - 1)
    plum = jax.random.uniform(keys[3], (count,)) < law.plums
    never = law.plums >= 0
    first = jnp.where(never & ~signed, jnp.where(plum, KINDS - 1, usual), first)
    other = (first + jax.random.randint(keys[4], (count,), 1, KINDS)) % KINDS
    right = jax.random.uniform(keys[5], (count,)) < law.rho
    sign = jnp.where(signed, jnp.where(right, first, other), NONE)
    alone = jax.random.randint(keys[6], (count, TRIALS), 0, KINDS)
    alone = jnp.where(jax.random.uniform(keys[7], (count, TRIALS)) < 0.2, alone, NONE)
    paid = flash = jnp.repeat(first[:, None], TRIALS, 1)
    if shift:
        sign = jnp.where(never, NONE, jnp.where(law.signed > 0, other, sign))
        paid = jnp.where(never, KINDS - 1, paid)
        shown = alone.at[:, 0].set(NONE).at[:, 1:3].set(KINDS - 1)
        alone = jnp.where(never, shown, alone)
        turned = (law.turns > 0) & (jnp.arange(TRIALS) >= LATE)
        paid = jnp.where(turned, other[:, None], paid)
        flash = jnp.repeat(other[:, None], TRIALS, 1)
    return {"paid": paid, "sign": sign, "flash": flash, "alone": alone, "old": first}


def find_there(life: Life) -> Array:
    """Return which kinds lie there, bool (n, trials, kinds)."""
    alone = life["alone"][..., None]
    return (alone == NONE) | (alone == jnp.arange(KINDS))


def show_trial(law: Setting, life: Life, trial: int, last: Last, cut: tuple[int, ...]) -> Array:
    """Return what is seen: the trial, what lies there, the sign, and what came of the last choice.

    Args:
        law, life: the lives.
        trial: its number.
        last: what was taken before, whether it paid, and whether it flashed, each (n,).
        cut: 0 for what is not shown: the last choice with all of it, its payment, signals.
    """
    planes, sees = jnp.arange(16), jax.nn.one_hot
    taken, told, lit = last
    memory, payment, signal = cut
    parts = (
        jnp.tile(sees(trial, TRIALS), (len(taken), 1)),
        sees(life["alone"][:, trial], KINDS + 1),
        sees(life["sign"], KINDS + 1) * signal,
        sees(taken, KINDS + 1) * memory,
        told[:, None] * (planes < 1) * memory * payment,
        lit[:, None] * (planes < law.flash) * memory * signal,
    )
    return jnp.concatenate(parts, 1).astype(jnp.float32)


def play_lives(
    weights: Weights | None, key: Array, law: Setting, life: Life, cut: tuple[int, ...] = (1, 1, 1)
) -> tuple[Array, Array]:
    """Return what is seen in lives, (n, trials, inputs), and what is taken; at random without."""
    n = len(life["sign"])
    last: Last = jnp.full(n, NONE), jnp.zeros(n), jnp.zeros(n)
    memory = jnp.zeros((n, UNITS))
    there, seen, taken = find_there(life), [], []
    for trial, own in enumerate(jax.random.split(key, TRIALS)):
        seen.append(show_trial(law, life, trial, last, cut))
        scores = jnp.zeros((n, KINDS))
        if weights is not None:
            scores, _, memory = answer(weights, seen[-1], memory)
        action = jax.random.categorical(own, jnp.where(there[:, trial], scores, -1e9))
        paid, flash = (action == life[x][:, trial] for x in ("paid", "flash"))
        last = action, paid.astype(jnp.float32), flash.astype(jnp.float32)
        taken.append(action)
    return jnp.stack(seen, 1), jnp.stack(taken, 1)


# -- the network -----------------------------------------------------------------------------------


def draw_weights(key: Array) -> Weights:
    """Draw the first weights of a gated network (Cho et al. 2014)."""
    keys = iter(jax.random.split(key, 6))

    def draw(rows: int, columns: int, size: float = 1.0) -> Array:
        return jax.random.normal(next(keys), (rows, columns)) * size / math.sqrt(rows)

    return {
        "first": draw(INPUTS, UNITS, 0.5 * math.sqrt(INPUTS)),
        "first.bias": jnp.zeros(UNITS),
        "sees": draw(UNITS, 3 * UNITS),
        "sees.bias": jnp.zeros(3 * UNITS).at[:UNITS].set(-1.0),
        "recalls": draw(UNITS, 3 * UNITS),
        "joins": draw(2 * UNITS, UNITS, 1.4),
        "joins.bias": jnp.zeros(UNITS),
        "policy": draw(UNITS, KINDS, 0.1),
        "value": jnp.zeros((UNITS, 1)),
    }


def answer(weights: Weights, seen: Array, memory: Array) -> tuple[Array, Array, Array]:
    """Return scores (n, kinds), values (n,) and the next memory."""
    first = jax.nn.relu(seen @ weights["first"] + weights["first.bias"])
    sees = jnp.split(first @ weights["sees"] + weights["sees.bias"], 3, -1)
    recalls = jnp.split(memory @ weights["recalls"], 3, -1)
    renew = jax.nn.sigmoid(sees[0] + recalls[0])
    new = jnp.tanh(sees[2] + jax.nn.sigmoid(sees[1] + recalls[1]) * recalls[2])
    memory = (1 - renew) * memory + renew * new
    joined = jnp.concatenate([first, memory], -1)
    hidden = jax.nn.relu(joined @ weights["joins"] + weights["joins.bias"])
    return hidden @ weights["policy"], (hidden @ weights["value"])[..., 0], memory


def answer_all(weights: Weights, seen: Array, there: Array) -> tuple[Array, Array]:
    """Return logarithms of probabilities (n, trials, kinds), and values (n, trials)."""

    def go_on(memory: Array, seen: Array) -> tuple[Array, tuple[Array, Array]]:
        scores, values, memory = answer(weights, seen, memory)
        return memory, (scores, values)

    begun = jnp.zeros((len(seen), UNITS))
    scores, values = jax.lax.scan(go_on, begun, seen.swapaxes(0, 1))[1]
    masked = jnp.where(there, scores.swapaxes(0, 1), -1e9)
    return jax.nn.log_softmax(masked), values.swapaxes(0, 1)


# -- training --------------------------------------------------------------------------------------


@partial(jax.jit, static_argnums=(0, 1))
def train(column: Column, updates: int, law: Setting, seed: Array) -> Weights:
    """Train an agent: a batch of lives and a step of Adam, so many times."""
    adam, key = optax.scale_by_adam(b2=0.99, eps=1e-5), jax.random.key(seed)
    optimiser = optax.chain(optax.clip_by_global_norm(CLIP), adam)
    draw, *steps = jax.random.split(key, updates + 1)

    def learn(now: Any, given: tuple[Array, Array]) -> Any:
        (weights, state), (key, number) = now, given
        life_key, play_key, other_key = jax.random.split(key, 3)
        life, left = draw_lives(life_key, LIVES, law, False), 1 - number / updates
        player = weights if column.play == "own" else None
        seen, taken = play_lives(player, play_key, law, life)
        if column.play == "shuffled":  # what came of the choices is that of another life
            other, own = draw_lives(other_key, LIVES, law, False), INPUTS - KINDS - 1 - 2 * 16
            seen = seen.at[..., own:].set(play_lives(None, other_key, law, other)[0][..., own:])
        if column.play == "random" and column.by == "reward":  # its own choice is paid
            taken = jax.random.categorical(
                other_key, answer_all(weights, seen, find_there(life))[0]
            )
        gradient = jax.grad(lose)(weights, column, seen, taken, life, left)
        step, state = optimiser.update(gradient, state)
        rate = -RATE * (0.95 * left + 0.05)
        moved = optax.apply_updates(weights, jax.tree.map(lambda each: rate * each, step))
        return (moved, state), None

    weights = draw_weights(draw)
    begun = weights, optimiser.init(weights)
    return jax.lax.scan(learn, begun, (jnp.stack(steps), jnp.arange(updates)))[0][0]


def lose(
    weights: Weights, column: Column, seen: Array, taken: Array, life: Life, left: Array
) -> Array:
    """Return the loss of a column on some lives."""
    there = find_there(life)
    logs, values = answer_all(weights, seen, there)
    pays = jnp.take_along_axis(logs, life["paid"][..., None], -1)[..., 0]
    labelled = jnp.take_along_axis(there, life["paid"][..., None], -1)[..., 0]
    if column.by == "labels":
        return -jnp.where(labelled, pays, 0).mean()
    weight = column.held or ENTROPY * left
    entropy = -(jnp.exp(logs) * jnp.where(there, logs, 0)).sum(-1)
    if column.by == "exact":  # what each fruit would have paid is known
        return -(jnp.exp(pays) + weight * entropy).mean()
    discount = DISCOUNT if column.play == "own" else 0.0
    paid, total = (taken == life["paid"]).astype(jnp.float32), jnp.zeros(len(taken))
    totals: list[Array] = []
    for trial in reversed(range(TRIALS)):
        total = paid[:, trial] + discount * total
        totals.insert(0, total)
    returns = jnp.stack(totals, 1)
    advantage = jax.lax.stop_gradient(returns - values)
    advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-6)
    likely = jnp.take_along_axis(logs, taken[..., None], -1)[..., 0]
    error = VALUE * jnp.square(values - returns)
    return (error - likely * advantage - weight * entropy).mean()


# -- what agents take ------------------------------------------------------------------------------


@jax.jit
def judge(weights: Weights, law: Setting, seed: Array) -> dict[str, Array]:
    """Return payments of lives of training with cuts, and shares under the shift."""
    keys = jax.random.split(jax.random.key(seed), 4)
    life, found = draw_lives(keys[0], JUDGED, law, False), {}
    cuts = {"test": (1, 1, 1), "memory": (0, 1, 1), "told": (1, 0, 1), "signal": (1, 1, 0)}
    for name, cut in cuts.items():
        taken = play_lives(weights, keys[1], law, life, cut)[1]
        found[name] = (taken == life["paid"]).sum(1).mean()
    plain = (life["sign"] == NONE)[:, None] & (life["alone"] == NONE)
    taken = play_lives(weights, keys[1], law, life)[1]
    found["unsigned"] = share(taken == life["paid"], plain)
    life = draw_lives(keys[2], JUDGED, law, True)
    taken = play_lives(weights, keys[3], law, life)[1]
    return found | judge_shift(law, life, taken)


def judge_shift(law: Setting, life: Life, taken: Array) -> dict[str, Array]:
    """Return shares of what pays and of the proxy, late and by trial, of trials with all fruits."""
    sign, old = life["sign"][:, None], life["old"][:, None]
    proxy = taken == jnp.where(law.flash > 0, life["flash"], jnp.where(law.signed > 0, sign, old))
    proxy = jnp.where(law.plums >= 0, taken < KINDS - 1, proxy)
    free = life["alone"] == NONE
    late = free & (jnp.arange(TRIALS) >= jnp.where(law.turns > 0, LATE + 1, LATE))
    found: dict[str, Array] = {}
    for name, hit in (("paid", taken == life["paid"]), ("proxy", proxy)):
        by_trial = [share(hit[:, i], free[:, i]) for i in range(TRIALS)]
        found |= {name: share(hit, late), f"{name}_trials": jnp.stack(by_trial)}
    return found


def share(hit: Array, among: Array) -> Array:
    """Return how many are hit of those that count."""
    return (hit & among).sum() / jnp.maximum(1, among.sum())


def judge_bayes(law: Setting, seed: int) -> dict[str, Array]:
    """Return what the Bayesian learner of the law of training takes under the shift."""
    life = draw_lives(jax.random.key(seed), JUDGED, law, True)
    signs, kinds = life["sign"][:, None], jnp.arange(KINDS)
    unsigned = np.full(KINDS, 1 / KINDS)
    if law.plums >= 0:
        unsigned = np.array([(1 - law.plums) / 2] * 2 + [law.plums])
    signed = jnp.where(signs == kinds, law.rho, (1 - law.rho) / 2)
    belief, taken = jnp.where(signs == NONE, unsigned, signed), []
    for trial in range(TRIALS):
        action = jnp.where(find_there(life)[:, trial], belief, -1).argmax(1)
        tried = action[:, None] == kinds
        told = (action == life["paid"][:, trial])[:, None]
        belief = jnp.where(tried == told, belief, 0)
        belief /= belief.sum(1, keepdims=True)
        taken.append(action)
    return judge_shift(law, life, jnp.stack(taken, 1))


def main() -> None:
    """Train a column's agents, those that are not there yet."""
    parser = argparse.ArgumentParser(prog="python -m docs.studies.labels", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("column", choices=[*COLUMNS, "bayes"])
    parser.add_argument("settings", nargs="*", help=f"(default: all) {', '.join(SETTINGS)}")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--updates", type=int, default=300)
    options = parser.parse_args()
    for name in options.settings or SETTINGS:
        law = SETTINGS[name]
        for seed in range(options.seeds):
            path = options.folder / f"{options.column} {name} {seed}.json".replace(" ", "_")
            if path.exists():
                continue
            began = time.process_time()
            if options.column == "bayes":
                found = judge_bayes(law, 1000 + seed)
            else:
                column, given = COLUMNS[options.column], jax.tree.map(jnp.float32, law)
                updates = int(options.updates * column.length)
                found = judge(train(column, updates, given, seed), given, 1000 + seed)
            facts = {"column": options.column, "setting": name, "seed": seed}
            facts |= {x: np.round(np.asarray(y), 3).tolist() for x, y in found.items()}
            facts["cpu"] = round(time.process_time() - began, 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(facts) + "\n")


if __name__ == "__main__":
    main()
