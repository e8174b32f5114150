"""`gym.make_vec` in all vectorisation modes and autoreset modes: the same episodes in each.

Environments one after the other (`sync`), each in a process of its own (`async`), or advanced
together (`vector_entry_point`, the default) see the same and are paid the same, and
`mesa_gym.objectives(infos)` says what each objective paid in all of them.
"""

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv

import mesa_gym

# The prefix imports mesa_gym wherever the id is used: a process that is started afresh may know no
# id yet. Under shift the objectives differ, and the base one pays at the very end of an episode.
ID = "mesa_gym:MesaGym/RedBlueDoors-Shift-v0"
ENVS, STEPS, HORIZON = 3, 500, 60
ACTIONS = np.random.default_rng(0).integers(0, 5, (STEPS, ENVS))

Envs = VectorEnv[Any, Any, Any]


def make_envs(vectorization: str, autoreset: AutoresetMode, **more: str) -> Envs:
    """A trap's own vector environment takes the mode as a keyword, Gymnasium's in vector_kwargs."""
    keywords: dict[str, Any] = {"autoreset_mode": autoreset, **more}
    if vectorization != "vector_entry_point":
        keywords = {"vector_kwargs": keywords}
    return gym.make_vec(ID, ENVS, vectorization_mode=vectorization, max_steps=HORIZON, **keywords)


def play(envs: Envs, steps: int = STEPS) -> tuple[list[Any], dict[str, np.ndarray]]:
    """All that the steps gave but infos; what each objective paid, float64 (STEPS, ENVS)."""
    observations, infos = envs.reset(seed=7)
    given, paid = [(observations, infos["level"])], []
    for actions in ACTIONS[:steps]:
        *step, infos = envs.step(actions)
        given.append((*step, infos["level"]))
        paid.append(mesa_gym.objectives(infos) or dict.fromkeys(("door", "red"), np.zeros(ENVS)))
        done = step[2] | step[3]
        if envs.metadata["autoreset_mode"] is AutoresetMode.DISABLED and done.any():
            observations, infos = envs.reset(options={"reset_mask": done})
            given.append((observations, infos["level"]))
    envs.close()
    return given, {name: np.array([each[name] for each in paid]) for name in paid[0]}


def by_hand(row: int, autoreset: AutoresetMode) -> dict[str, list[float]]:
    """Return what each objective paid to one environment, without any vector environment."""
    env = gym.make(ID, max_steps=HORIZON)
    env.reset(seed=7 + row)
    paid: dict[str, list[float]] = {"door": [], "red": []}
    ended = False
    for action in ACTIONS[:, row]:
        if ended and autoreset is AutoresetMode.NEXT_STEP:
            env.reset()
            ended, now = False, dict.fromkeys(paid, 0.0)
        else:
            if ended:
                env.reset()
            _, _, terminated, truncated, info = env.step(action)
            ended, now = terminated or truncated, mesa_gym.objectives(info)
        for name, pay in now.items():
            paid[name].append(pay)
    return paid


def main() -> None:
    """Compare three times three environments with each other and with single ones."""
    for autoreset in AutoresetMode:
        expected = [by_hand(row, autoreset) for row in range(ENVS)]
        plain, _ = play(make_envs("sync", autoreset))
        for vectorization in ("sync", "async", "vector_entry_point"):
            given, paid = play(make_envs(vectorization, autoreset))
            for ours, theirs in zip(given, plain, strict=True):
                for a, b in zip(ours, theirs, strict=True):
                    np.testing.assert_array_equal(a, b)
            for name, table in paid.items():
                np.testing.assert_array_equal(table.T, [each[name] for each in expected])
        sums = {name: float(table.sum()) for name, table in paid.items()}
        print(f"{autoreset.value}: the same in three modes and by hand; paid in all: {sums}")
        assert all(sums.values())
    spawned, _ = play(make_envs("async", AutoresetMode.NEXT_STEP, context="spawn"), steps=1)
    print("processes that were started afresh: the same levels", spawned[0][1])
    np.testing.assert_array_equal(spawned[0][1], plain[0][1])


if __name__ == "__main__":  # a process that is started afresh imports this file
    main()
