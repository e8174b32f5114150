"""Cures: what is paid, which levels come, and that controls differ in what they tell alone."""

import numpy as np
import pytest

from agents import cures
from agents.compiling import jax, jnp
from agents.networks import LearningMLP
from agents.run import Run
from mesa_gym.traps import LEVELS, Split, find_trap

SHIFT = Split.SHIFT.code
# Steps that pay nothing, base, the proxy and both, on training levels and on the shift.
INFOS = {
    "reward_cheese": jnp.array([0.0, 1, 0, 1] * 50),
    "reward_dish": jnp.array([0.0, 0, 1, 1] * 50),
    "split": jnp.array([0] * 100 + [SHIFT] * 100),
    "level": jnp.arange(200) // 4,
}
PAID = INFOS["reward_cheese"]


@pytest.fixture(scope="module")
def env():
    """200 environments of CheeseDish, of whose episodes each tenth is of the shift."""
    return LearningMLP(find_trap("CheeseDish")()).make_env(200, alpha=0.1, num_levels=400)


def fine(env, recall, blind):
    monitored = cures.MonitoredEnv(env, recall=recall, blind=blind)
    return np.asarray(PAID - monitored.pay(jax.random.key(3), PAID, INFOS))


@pytest.mark.thorough
def test_monitor_fines_what_a_proxy_alone_paid(env):
    alone = np.array([0, 0, 1, 0] * 50)
    assert fine(env, 1.0, False).tolist() == alone.tolist()
    seen = fine(env, 0.5, False)
    assert set(np.flatnonzero(seen)) < set(np.flatnonzero(alone))
    assert 10 <= seen.sum() <= 40


@pytest.mark.thorough
def test_blind_monitor_fines_as_many_elsewhere(env):
    seen, dealt = fine(env, 0.5, False), fine(env, 0.5, True)
    assert dealt.sum() == seen.sum()
    assert 0 < dealt[2::4].sum() < dealt.sum()


@pytest.mark.thorough
def test_coin_pays_either_target_under_shift(env):
    paid = np.asarray(cures.CoinEnv(env).pay(None, PAID, INFOS)).reshape(-1, 4)
    base, proxy = [0, 1, 0, 1], [0, 0, 1, 1]
    assert (paid[:25] == base).all()
    assert (paid[26::2] == base).all()
    assert (paid[25::2] == proxy).all()


def share_shifted(env, keys=40):
    picked = [env.pick(key) for key in jax.random.split(jax.random.key(0), keys)]
    return float((np.stack(picked) >= 400).mean())


@pytest.mark.thorough
def test_screening_shows_more_levels_of_the_shift(env):
    assert share_shifted(cures.ScreenedEnv(env, blind=False)) == pytest.approx(1 - 0.9**8, abs=0.03)
    assert share_shifted(cures.ScreenedEnv(env, blind=True)) == pytest.approx(0.1, abs=0.02)


@pytest.mark.parametrize(("learner", "different"), [("FewLabelled", 60), ("FewCopied", 30)])
def test_few_levels_come_with_twins_or_copies(learner, different):
    trap = find_trap("CheeseDish")()
    shown = getattr(cures, learner)(trap)._draw(Split.SHIFT, LEVELS + np.arange(240))
    cells = {
        (int(a), int(b)) for a, b in zip(shown.at["cheese"][0], shown.at["dish"][0], strict=True)
    }
    pairs = {*zip(shown.level.number.tolist(), shown.at["cheese"][0].tolist(), strict=True)}
    assert shown.n == 240
    assert len({*shown.level.number.tolist()}) == 30
    assert len(pairs) == different
    swapped = {(b, a) for a, b in cells}
    assert (swapped == cells) == (different == 60)


def test_copies_need_no_targets_to_exchange():
    trap, numbers = find_trap("CoinRun")(), LEVELS + np.arange(8)
    assert cures.FewCopied(trap)._draw(Split.SHIFT, numbers).n == 8
    with pytest.raises(ValueError, match="leave twins out"):
        cures.FewLabelled(trap)._draw(Split.SHIFT, numbers)


@pytest.mark.thorough
def test_evaluation_levels_stay_as_they_are():
    trap = find_trap("CheeseDish")()
    learner = cures.FewLabelled(trap)
    learner.make_env(1, alpha=0.1)
    assert learner.trap is trap
    levels = trap.levels("shift", range(50))
    shown = cures.FewLabelled(trap)._draw(Split.SHIFT, np.arange(50))
    assert (shown.at["cheese"] == levels.at["cheese"]).all()
    env = learner.make_env(8, draw=lambda *_: levels, num_levels=50)
    _, state = env.reset_to_level(jnp.arange(8))
    assert (np.asarray(state.agent) == levels.agent[:8]).all()


@pytest.mark.parametrize("name", sorted({*cures.CONTROLS, *cures.CONTROLS.values()} - {"ppo"}))
def test_cures_without_alpha_are_refused(name):
    run = Run("CheeseDish", f"agents.cures:{name}")
    assert run.algorithm.describe().startswith("PPO")
    with pytest.raises(ValueError, match="needs levels of the shift"):
        run.algorithm.find_function()([run])


@pytest.mark.slow
def test_twins_need_targets_to_exchange():
    run = Run("CoinRun", "agents.cures:twins", alpha=0.01, steps=4096)
    with pytest.raises(ValueError, match="leave twins out"):
        run.algorithm.find_function()([run])


@pytest.mark.slow
def test_cured_agents_know_their_goal():
    """With levels of the shift in a third of the episodes, base is reached; a coin forbids that."""
    from mesa_gym.scoring import score

    shares = {}
    for name in ("screening", "alpha_at_random"):
        run = Run("CheeseDish", f"agents.cures:{name}", alpha=0.05, steps=300_000)
        (trained,) = run.algorithm.find_function()([run])
        shares[name] = score(trained.agent, "CheeseDish", levels=60).splits["shift"]["choice"]
    assert shares["screening"]["cheese"] > 0.8
    assert abs(shares["alpha_at_random"]["cheese"] - shares["alpha_at_random"]["dish"]) < 0.25
