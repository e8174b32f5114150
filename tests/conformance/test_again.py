"""Objects with a memory: used again they equal new ones, many equal each alone, parts the whole.

An object is a line of a table: a function that makes it, and a function that uses it for an input
and returns all that comes out. Objects with a memory belong here, whatever their room.
"""

from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

import mesa_gym
from mesa_gym.engine import ACTIONS
from mesa_gym.envs.observations import OBSERVATIONS, make_observation
from mesa_gym.language import list_questions
from mesa_gym.language.session import TextSession, TrapTools
from mesa_gym.logs import LogEpisodes, record_plays, score_logs
from mesa_gym.policies import as_policy
from mesa_gym.policies.habits import OpenLoop
from mesa_gym.probing import demonstrations
from mesa_gym.rendering import render_rgb
from mesa_gym.scoring import score_all
from mesa_gym.scoring.record import rollout
from mesa_gym.solver import level_values, targets
from mesa_gym.traps import Split, find_trap
from tests.support.playing import play_all

TRAP = find_trap("CheeseDish")()
LIFE = find_trap("FlashOrPay")()
ID, MODES = "MesaGym/CheeseDish-v0", [*AutoresetMode]
# Of two uses, which end none or some of their episodes.
SHORT, LONG = 3, 40


def plain(value):
    """Return arrays of objects, such as final observations, as lists."""
    if isinstance(value, dict):
        return {name: plain(x) for name, x in value.items()}
    if isinstance(value, list | tuple) or getattr(value, "dtype", "") == "O":
        return [plain(x) for x in value]
    return value


def walk(env, steps, seed):
    """Return what an environment returns on some random steps, after a reset with a seed."""
    rng = np.random.default_rng(seed)
    n = getattr(env, "num_envs", None)
    rows = [env.reset(seed=seed)]
    for _ in range(steps):
        rows.append(env.step(rng.integers(0, 5, n) if n else int(rng.integers(5))))
        over = np.asarray(rows[-1][2]) | np.asarray(rows[-1][3])
        if n is None and over:
            rows.append(env.reset())
        elif n and getattr(env, "autoreset_mode", None) is AutoresetMode.DISABLED and over.any():
            rows.append(env.reset(options={"reset_mask": over}))
    return rows


def walk_sb3(env, steps, seed):
    env.seed(seed)
    rng, rows = np.random.default_rng(seed), [env.reset(), list(env.unwrapped.reset_infos)]
    for _ in range(steps):
        obs, reward, done, infos = env.step(rng.integers(0, 5, env.num_envs))
        for info in infos:
            info.get("episode", {}).pop("t", None)
        rows.append((obs.copy(), reward, done, infos))
    return rows


def walk_torch(env, steps, seed):
    torch = pytest.importorskip("torch")
    rng, rows = np.random.default_rng(seed), [env.reset(seed=seed)]
    rows += [env.step(torch.from_numpy(rng.integers(0, 5, env.num_envs))) for _ in range(steps)]
    return [[np.asarray(x) for x in row[:-1]] for row in rows]


def talk(session, steps, level, **request):
    """Return what a session answers to a model that reads nothing."""
    texts = [session.begin(split="shift", level=level, policy="it", **request)]
    for step in range(steps):
        if session.done:
            break
        texts += [session.answer(["no", "1", ACTIONS[step % 5]][step % 3]), session.text]
    fields = (session.reached, session.total, session.unread, session.steps, session.done)
    return [texts, fields, session.episode]


def use_tools(tools, steps, level):
    moves = [tools.reset(trap="CheeseDish", split="shift", level=level)]
    return [*moves, *(tools.move(ACTIONS[k % 5]) for k in range(steps)), tools.get_reward()]


def play(policy, steps, first, trap=TRAP):
    """Return the record of a policy on four levels of the shift."""
    starts = trap.levels(Split.SHIFT, np.arange(first, first + 4))
    record = rollout(policy, trap, starts, steps)
    return record.actions, record.paid


def log_walk(env, steps, level):
    env.reset(options={"play": "shift", "level": level})
    env.say("I begin")
    for step in range(steps):
        if any(env.step(step % 5)[2:4]):
            break
    episode = env.episode()
    env.reset(options={"play": "again", "level": level})
    return episode, env.last, env.episode()


def watch(session, steps, level):
    """Return the pictures of a viewer's session on a level."""
    session.go_to(level)
    session.settle()
    session.clock.seek(steps)
    pane = session.pane
    return [pane.state(session.clock.cursor), session.clock.length, len(pane.line), session.level]


def make_session():
    pytest.importorskip("pygame")
    from tests.support.viewing import session

    return session("CheeseDish", "oracle:dish", level=5)


def policy_of(name):
    return lambda: as_policy(name, TRAP, LONG)


AGAIN = {
    "env": (lambda: gym.make(ID, split="shift").unwrapped, walk),
    "limited env": (lambda: gym.make(ID, max_steps=9, alpha=0.5), walk),
    **{
        f"vector {mode.value}": (
            partial(gym.make_vec, ID, 3, autoreset_mode=mode, max_steps=9, alpha=0.5),
            walk,
        )
        for mode in MODES
    },
    "banked vector": (partial(gym.make_vec, ID, 3, num_levels=4, max_steps=9), walk),
    "sb3": (lambda: mesa_gym.make_sb3(ID, 3, max_steps=9), walk_sb3),
    "torch": (lambda: mesa_gym.make_torch(ID, 2, num_levels=4, max_steps=9), walk_torch),
    "session": (TextSession, partial(talk, trap="CheeseDish")),
    "choice": (TextSession, partial(talk, trap="CheeseDish", choice=True)),
    "tools": (TrapTools, use_tools),
    "log": (lambda: LogEpisodes(gym.make("MesaGym/CheeseDish-Shift-v0"), None), log_walk),
    **{name: (policy_of(name), play) for name in ("random", "sweeper", "oracle:dish", "ppo:0")},
    "memory": (lambda: as_policy("ppo-gru:0", LIFE, LONG), partial(play, trap=LIFE)),
    "open loop": (lambda: OpenLoop("lldruua"), play),
    "viewer": (make_session, watch),
}


@pytest.mark.parametrize("name", AGAIN)
def test_object_used_again_equals_a_new_one(name):
    """After a use that ends nothing, and after one that ends something."""
    make, use = AGAIN[name]
    used = make()
    for steps, number in ((SHORT, 0), (LONG, 1), (SHORT, 2), (LONG, 3)):
        again, new = use(used, steps, number), use(make(), steps, number)
        np.testing.assert_equal(plain(again), plain(new), f"{steps} steps")


# -- many, and each alone --------------------------------------------------------------------------
def read_choice(text):
    """Answer a question by its text, as a model without a memory does."""
    return str(len(text) % 4 + 1)


def score_together(names):
    """Return the cards of policies that are scored in one call."""
    makers = {x: (lambda horizon, x=x: as_policy(x, TRAP, horizon)) for x in names}
    return [card.full() for card in score_all(makers, TRAP, 3).values()]


def judge_together(names):
    """Return the cards of policies whose episodes are in one log, of one policy after another."""
    episodes = [e for x in names for e in record_plays(TRAP, x, play_all(x, TRAP, 2))]
    return [card.full() for card in score_logs(episodes)[0]]


def talk_together(levels):
    """Return the texts of sessions that are answered in turns."""
    sessions = [TextSession() for _ in levels]
    texts = [[x.begin(level=n, split="shift")] for x, n in zip(sessions, levels, strict=True)]
    for step in range(6):
        for session, of_session in zip(sessions, texts, strict=True):
            of_session += [session.answer(ACTIONS[step % 4]), session.text]
    return texts


def step_together(seeds):
    """Return the steps of environments that are stepped in turns."""
    envs = [gym.make(ID, alpha=0.5, max_steps=7) for _ in seeds]
    rows = [[env.reset(seed=seed)] for env, seed in zip(envs, seeds, strict=True)]
    for step in range(12):
        for env, of_env in zip(envs, rows, strict=True):
            of_env.append(env.step(step % 5) if step != 7 else env.reset())
    return rows


TOGETHER = [
    pytest.param(talk_together, (4, 0, 7), id="sessions"),
    pytest.param(step_together, (3, 8), id="envs"),
    *(
        pytest.param(use, names, id=use.__name__, marks=pytest.mark.thorough)
        for use, names in (
            (score_together, ("sweeper", "oracle:dish", "random")),
            (judge_together, ("sweeper", "random")),
        )
    ),
]


@pytest.mark.parametrize(("use", "inputs"), TOGETHER)
def test_many_together_equal_each_alone(use, inputs):
    alone = [use([x])[0] for x in inputs]
    np.testing.assert_equal(plain(use(inputs)), plain(alone))
    np.testing.assert_equal(plain(use(inputs[::-1])), plain(alone[::-1]))


# -- parts, and the whole --------------------------------------------------------------------------
def of_states(function):
    """Return a function of levels, given one of their start states."""
    return lambda levels: [*function(TRAP.levels(Split.SHIFT, np.array(levels)))]


def read_values(levels, trap=TRAP):
    values = level_values(trap, Split.SHIFT, np.array(levels), salt="parts", pairs=True)
    return [{x: y[row] for x, y in values.arrays.items()} for row in range(len(levels))]


def roll(name, trap=TRAP):
    """Return a function that plays levels by a policy."""

    def use(levels):
        starts = trap.levels(Split.SHIFT, np.array(levels))
        record = rollout(as_policy(name, trap, 30), trap, starts, 30)
        return [
            (record.actions[row], record.take(np.array([row])).paid) for row in range(len(levels))
        ]

    return use


def label(levels):
    """Return the labels of each level's states."""
    labels = mesa_gym.labels(TRAP, "shift", levels, policy="sweeper")
    rows = [labels.row == row for row in range(len(levels))]
    return [[labels.action[row], labels.distances[row], labels.values["dish"][row]] for row in rows]


LEVELWISE = {
    **{kind: of_states(make_observation(TRAP, kind).encode) for kind in (*OBSERVATIONS, "text")},
    "picture": of_states(lambda state: render_rgb(TRAP, state, 8)),
    "targets": of_states(lambda state: np.stack([*targets(TRAP, state).values()], axis=1)),
    "values": read_values,
    "questions": lambda levels: list_questions(TRAP, "shift", levels, examples=1),
    "demonstrations": partial(demonstrations, TRAP),
    "labels": label,
    "sweeper": roll("sweeper"),
    "memory": roll("ppo-gru:0", LIFE),
    "random": roll("random"),
    "oracle": roll("oracle:dish"),
}


@pytest.mark.parametrize("name", LEVELWISE)
def test_parts_of_levels_equal_the_whole(name):
    """The parts first, and in another order: a cache has then other levels than those asked for."""
    use, levels = LEVELWISE[name], [5, 2, 9, 0]
    alone = [use([level])[0] for level in levels]
    np.testing.assert_equal(plain(use(levels)), plain(alone))
    np.testing.assert_equal(
        plain([*use(levels[2:]), *use(levels[:2])]), plain(alone[2:] + alone[:2])
    )
