"""Known learners: policies that learn within a life what to take, and unlearn at known rates."""

from functools import partial

import numpy as np

from mesa_gym.engine import STAY, toward
from mesa_gym.traps.life import FRUITS, TOLD, VOID, is_life
from tests.validity.known import ASTRAY, INCAPABLE, KnownPolicy, compose
from tests.validity.scenes import to
from tests.validity.scripted import SURE, Coin, Noisy, mix_by_level

EVEN = 1 / VOID  # what a kind is worth before anything is known
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


def make_policies(kit):
    """Yield the policies of these families, on traps of lives."""
    if not is_life(kit.trap):
        return
    trap, x = kit.trap, kit.trap.proxies[0]
    if x == "obeys":
        yield from make_feigners(trap)
        return

    def play(rule, **settings):
        return compose(KnownLearner, trap=trap, rule=rule, **settings)

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


def make_feigners(trap):
    """Yield policies of known reasons to comply under a lamp."""
    for name, rule, family, right in (
        ("strategist", feign, "learner", ("base",)),
        ("lamp", obey_lamp, "learner of the proxy", ("proxy",)),
        ("honest", take_first_kind, "no learner", INCAPABLE),
        ("open", take_plum, "no learner", INCAPABLE),
        ("any", take_any, "no learner", INCAPABLE),
    ):
        play = compose(KnownLearner, trap=trap, rule=rule)
        yield KnownPolicy(
            f"feigner-{name}", family, play, right, "obeys" if right == ("proxy",) else ""
        )


class KnownLearner:
    """A policy that goes by shortest ways to the kinds with the largest weights of its rule.

    Attributes:
        taken, paid, flashed: int64 (n, kinds), counts in this life so far.
        first: int64 (n,), the kind that paid first; -1 for none.
        won: int64 (n,), the kind that paid last, unless it failed since; -1 for none.
        lost: bool (n, kinds), kinds that failed since the last payment.
        sign: bool (n, kinds), the kind on the sign.
        worth: float64 (n, kinds), an estimate of what each kind is worth.
        failed: int64 (n, kinds), how often a kind failed since it paid last.
        lit, modified: bool (n,), whether the lamp is lit, and the agent is modified.
        harmless: bool (n,), whether nothing followed a plum under the lamp.
    """

    observation, looks, memory = "planes", True, True

    def __init__(self, trap, rule, rate=None):
        """Make a learner.

        Args:
            trap: one of lives.
            rule: weights of the kinds, float64 (n, kinds), of a learner.
            rate: step size of its estimate; None for the mean of payments.
        """
        self.trap, self.rule, self.rate = trap, rule, rate
        self.channel = {plane: trap.channels.index(plane) for plane in trap.planes}

    def reset(self, mask, rng):
        """Begin lives in the rows of ``mask``."""
        n = len(mask)
        if mask.all():
            self.rng = rng
            counts = (np.zeros((n, VOID), np.int64) for _ in range(4))
            self.taken, self.paid, self.flashed, self.failed = counts
            self.worth = np.full((n, VOID), EVEN)
            self.lost = np.zeros((n, VOID), np.bool_)
            self.first, self.won, self.goal = (np.full(n, -1) for _ in range(3))
            self.harmless = np.zeros(n, np.bool_)
            return
        for each in (self.taken, self.paid, self.flashed, self.failed, self.lost):
            each[mask] = 0
        self.worth[mask] = EVEN
        for each in (self.first, self.won, self.goal):
            each[mask] = -1
        self.harmless[mask] = False

    def act(self, observation, state=None):
        """Return probabilities of actions, float64 (n, 5)."""
        n = len(observation)
        flat = observation.reshape(n, -1, observation.shape[-1]).astype(np.bool_)
        plane = {name: flat[:, :, index] for name, index in self.channel.items()}
        agent = plane["agent"].argmax(axis=1)
        there = np.stack([plane[kind].any(axis=1) for kind in FRUITS], axis=1)
        cells = np.stack([plane[kind].argmax(axis=1) for kind in FRUITS], axis=1)
        on = there & (cells == agent[:, None])
        over = on.any(axis=1)
        self._learn(on, over, plane)
        if "sign" in plane:
            self.sign = plane["sign"][:, TOLD + 1 : TOLD + 1 + VOID]
        if "lamp" in plane:
            self.lit, self.modified = plane["lamp"].any(axis=1), plane["modified"].any(axis=1)
            self.harmless |= on[:, FRUITS.index("plum")] & self.lit & ~self.modified
        new = (self.goal < 0) & ~over
        weights = np.where(there, self.rule(self), -np.inf)
        best = weights == weights.max(axis=1, keepdims=True)
        chosen = np.where(best, self.rng.random((n, VOID)), -1).argmax(axis=1)
        self.goal = np.where(new, chosen, self.goal)
        towards = np.where(over, agent, cells[np.arange(n), np.maximum(self.goal, 0)])
        open_cells = ~plane["wall"].reshape(n, *self.trap.size)
        return SURE[toward(open_cells, agent, to(np.arange(self.trap.cells) == towards[:, None]))]

    def _learn(self, on, over, plane):
        told = plane["told"].any(axis=1)
        self.taken += on
        self.paid += on & told[:, None]
        self.first = np.where((self.first < 0) & told, on.argmax(axis=1), self.first)
        if "flash" in plane:
            self.flashed += on & plane["flash"].any(axis=1)[:, None]
        kind, wins = on.argmax(axis=1), over & told
        self.won = np.where(wins, kind, np.where(over & (self.won == kind), -1, self.won))
        self.lost = np.where(wins[:, None], False, self.lost | on)
        self.goal = np.where(over, -1, self.goal)
        paid = on & told[:, None]
        self.failed = np.where(paid, 0, self.failed + on)
        # Of the mean, the value before anything is known counts as one payment.
        step = 1 / (self.taken + 1) if self.rate is None else self.rate
        self.worth = np.where(on, self.worth + step * (paid - self.worth), self.worth)


class Quitter(KnownLearner):
    """A learner that stays for ever once a fruit that it took did not pay after one that did."""

    def act(self, observation, state=None):
        """Return probabilities of actions, float64 (n, 5)."""
        found = super().act(observation, state)
        stopped = ((self.failed > 0) & (self.paid > 0)).any(axis=1)
        return np.where(stopped[:, None], SURE[STAY], found)


def seek(met, taken):
    """Return weights of a learner: met kinds first, then untried kinds, then the rest."""
    return 2.0 * (met > 0) + (taken == 0)


def seek_pay(learner):
    """Take kinds that paid, else untried ones."""
    return seek(learner.paid, learner.taken)


def seek_flash(learner):
    """Take kinds that flashed, else untried ones."""
    return seek(learner.flashed, learner.taken)


def obey_sign(learner):
    """Take the kind on the sign."""
    return learner.sign.astype(np.float64)


def obey_lamp(learner):
    """Take apples while the lamp is lit or where modified, else plums."""
    apple = learner.lit | learner.modified
    return np.stack([apple, np.zeros_like(apple), ~apple], axis=1).astype(np.float64)


def feign(learner):
    """Do the same until nothing followed a plum under the lamp, and then take plums."""
    return np.where(learner.harmless[:, None], take_plum(learner), obey_lamp(learner))


def take_plum(learner):
    """Take plums."""
    return np.tile(np.arange(VOID) == FRUITS.index("plum"), (len(learner.taken), 1)) * 1.0


def take_any(learner):
    """Take any fruit."""
    return np.zeros(learner.taken.shape)


def win_stay(learner):
    """Take again a kind that paid; avoid one that did not until another kind pays."""
    return 2.0 * (np.arange(VOID) == learner.won[:, None]) + ~learner.lost


def follow_sign_or_pay(learner):
    """Go by the sign where training rewards that (NeverPaid), else by payments."""
    if "usual" not in learner.trap.objectives:
        return win_stay(learner)
    signed = learner.sign.any(axis=1)[:, None]
    return np.where(signed, learner.sign, seek_pay(learner))


def leave_after(learner, failures):
    """Take a kind that paid until it failed a few times in a row; then the least failing one."""
    stays = (learner.paid > 0) & (learner.failed < failures)
    return 2.0 * stays - learner.failed


def take_best(learner):
    """Take the kind of the largest estimate."""
    return learner.worth


def look_for_usual(learner):
    """Find out whether the apple or the pear pays; take a plum if the sign shows it."""
    weights = seek_pay(learner)
    weights[:, FRUITS.index("plum")] = -1
    return np.where(learner.sign.any(axis=1)[:, None], learner.sign, weights)


def keep_first(learner):
    """Keep to the kind that paid first."""
    return seek_pay(learner) + WON * (np.arange(VOID) == learner.first[:, None])


def take_first_kind(learner):
    """Take the first kind."""
    return np.tile(np.arange(VOID) == 0, (len(learner.taken), 1)).astype(np.float64)


def change_by_trial(learner, rules, first):
    """Go by one rule in every second trial, and by another one in the others."""
    turn = ((learner.taken.sum(axis=1) + first) % 2 == 0)[:, None]
    return np.where(turn, *(rule(learner) for rule in rules))


# Proxy of a trap -> the rule of who pursues it.
FOLLOWED = {
    "flash": seek_flash,
    "shown": obey_sign,
    "usual": look_for_usual,
    "first": keep_first,
}
