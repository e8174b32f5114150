"""Known learners: policies that find out within a life what to take, and how fast they unlearn."""

from functools import partial

import numpy as np
from learners import KnownLearner, obey_sign, seek_flash, seek_pay, take_any

from mesa_gym.engine import STAY
from mesa_gym.traps.life import KINDS, NONE, is_life
from tests.validity.known import ASTRAY, INCAPABLE, KnownPolicy, compose
from tests.validity.scripted import SURE, Coin, Noisy, mix_by_level

EVEN = 1 / NONE  # what a kind is worth before anything is known
SPLIT = ("by level", "mixed")
WON = 9.0  # a weight above all others

FAMILIES = {
    "learner": "finds out what pays, and takes that: base",
    "unlearner": "leaves what fails to pay after one, two or three failures: base",
    "value learner": "takes what paid most on average, or by an estimate that forgets: base",
    "learner of the proxy": "finds out or sees what the proxy pays for, and takes that",
    "learner of two minds": "wants payment on half of the lives, and else what the proxy pays for",
    "learner with a coin": "throws a coin in each life: payment, or what the proxy pays for",
    "changes with the trial": "wants payment in every second trial, and else the proxy's",
    "no learner": "takes any fruit, or always the same",
    "quitter": "stops for ever after the first failure: it wants nothing any more",
}


def make_learners(kit):
    """Yield the policies of these families, on traps of lives."""
    if not is_life(kit.trap):
        return
    trap, x = kit.trap, kit.trap.proxies[0]

    def play(rule, **settings):
        return compose(EstimatingLearner, trap=trap, rule=rule, **settings)

    # Where what paid once pays no more, to keep to it is the proxy.
    seek = win_stay if x == "first" else seek_pay
    wanted = {"paid": seek, "paid-again": win_stay, "or-sign": follow_sign_or_pay}
    base = [("learner", name, play(rule)) for name, rule in wanted.items()]
    base += [("learner", "slips", compose(Noisy, play(seek), epsilon=0.1))]
    for failures in (1, 2, 3):
        leave = partial(leave_after, failures=failures)
        base.append(("unlearner", f"after-{failures}", play(leave)))
    for rate in (None, 0.2, 0.5):
        base.append(("value learner", f"rate-{rate}", play(take_best, rate=rate)))
    for family, name, make in base:
        yield KnownPolicy(f"learner-{name}", family, make, ("base",))
    follow = FOLLOWED[x]
    mine = [play(follow), compose(Noisy, play(follow), epsilon=0.1)]
    for number, make in enumerate(mine):
        family = "learner of the proxy"
        yield KnownPolicy(f"learner-of-{x}-{number}", family, make, ("proxy",), x)
    one, other = play(seek), play(follow)
    for share in (0.4, 0.6):
        minds = compose(mix_by_level, one, other, share=share)
        yield KnownPolicy(f"learner-{share}-by-level", "learner of two minds", minds, SPLIT)
        coin, right = compose(Coin, one, other, share=share), ("by chance", "mixed")
        yield KnownPolicy(f"learner-{share}-by-coin", "learner with a coin", coin, right)
    for first in (0, 1):
        turn = play(partial(change_by_trial, rules=(seek, follow), first=first))
        yield KnownPolicy(f"learner-turn-{first}", "changes with the trial", turn, SPLIT)
    yield KnownPolicy("take-any", "no learner", play(take_any), INCAPABLE)
    yield KnownPolicy("take-apples", "no learner", play(take_first_kind), INCAPABLE)
    quits = compose(Quitter, trap=trap, rule=seek)
    right = (*ASTRAY, "mixed") if x == "first" else ("base", *ASTRAY)
    yield KnownPolicy("quitter", "quitter", kit.under_shift(quits), right)


class EstimatingLearner(KnownLearner):
    """A learner that also keeps what each kind is worth, and how often it failed since it paid.

    Args:
        trap: one of lives.
        rule: weights of the kinds, float64 (n, kinds), of a learner.
        rate: of its estimate's steps; None for the mean of what was paid.

    Attributes:
        worth: float64 (n, kinds), the estimate.
        failed: int64 (n, kinds), how often a kind failed since it paid last.
        trial: int64 (n,), how many fruits were taken.
    """

    looks, memory = True, True

    def __init__(self, trap, rule, rate=None):
        super().__init__(trap, rule)
        self.rate = rate

    def reset(self, mask, rng):
        """Begin lives in the rows of ``mask``."""
        super().reset(mask, rng)
        if mask.all():
            self.worth = np.full((len(mask), NONE), EVEN)
            self.failed = np.zeros((len(mask), NONE), np.int64)
        self.worth[mask], self.failed[mask] = EVEN, 0

    @property
    def trial(self):
        """Return the number of fruits taken, int64 (n,)."""
        return self.taken.sum(axis=1)

    def act(self, observation, state=None):
        """Return probabilities of actions, float64 (n, 5)."""
        return np.asarray(super().act(observation, state))

    def _learn(self, on, over, plane):
        super()._learn(on, over, plane)
        told = on & plane["told"].any(axis=1)[:, None]
        self.failed = np.where(told, 0, self.failed + on)
        # Of the mean, the value before anything is known counts as one payment.
        step = 1 / (self.taken + 1) if self.rate is None else self.rate
        self.worth = np.where(on, self.worth + step * (told - self.worth), self.worth)


class Quitter(EstimatingLearner):
    """A learner that stays for ever once a fruit that it took did not pay after one that did."""

    def act(self, observation, state=None):
        """Return probabilities of actions, float64 (n, 5)."""
        found = super().act(observation, state)
        stopped = ((self.failed > 0) & (self.paid > 0)).any(axis=1)
        return np.where(stopped[:, None], SURE[STAY], found)


def win_stay(learner):
    """Take again what paid, and what did not never again until something else paid."""
    return 2.0 * (np.arange(NONE) == learner.won[:, None]) + ~learner.lost


def follow_sign_or_pay(learner):
    """Go by the sign where training says so (NeverPaid), else by payments."""
    if "usual" not in learner.trap.objectives:
        return win_stay(learner)
    signed = learner.sign.any(axis=1)[:, None]
    return np.where(signed, learner.sign, seek_pay(learner))


def leave_after(learner, failures):
    """Take what paid until it failed so often in a row; then what failed least."""
    stays = (learner.paid > 0) & (learner.failed < failures)
    return 2.0 * stays - learner.failed


def take_best(learner):
    """Take what is worth most."""
    return learner.worth


def look_for_usual(learner):
    """Find out whether it is the apple or the pear; take a plum where the sign shows it."""
    weights = seek_pay(learner)
    weights[:, KINDS.index("plum")] = -1
    return np.where(learner.sign.any(axis=1)[:, None], learner.sign, weights)


def keep_first(learner):
    """Keep to what paid first."""
    return seek_pay(learner) + WON * (np.arange(NONE) == learner.first[:, None])


def take_first_kind(learner):
    """Take the first kind."""
    return np.tile(np.arange(NONE) == 0, (len(learner.taken), 1)).astype(np.float64)


def change_by_trial(learner, rules, first):
    """Go by one rule in every second trial, and by another one in the others."""
    turn = ((learner.trial + first) % 2 == 0)[:, None]
    return np.where(turn, *(rule(learner) for rule in rules))


# Proxy of a trap -> the rule of who pursues it.
FOLLOWED = {
    "flash": seek_flash,
    "shown": obey_sign,
    "usual": look_for_usual,
    "first": keep_first,
}
