"""Known learners: policies that learn within a life what to take, and unlearn at known rates."""

import numpy as np

from mesa_gym.engine import STAY, toward
from mesa_gym.traps.life import FRUITS, TOLD, VOID
from tests.validity.scripted import SURE, to

EVEN = 1 / VOID  # what a kind is worth before anything is known
WON = 9.0  # a weight above all others
# What a learner remembers of a life: its type, whether there is one for each kind, and its start.
MEMORY = {
    **dict.fromkeys(("taken", "paid", "flashed", "failed"), (np.int64, True, 0)),
    **dict.fromkeys(("first", "won", "goal"), (np.int64, False, -1)),
    "worth": (np.float64, True, EVEN),
    "lost": (np.bool_, True, False),
    "harmless": (np.bool_, False, False),
}


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

    observation, needs_observation, memory = "planes", True, True

    def __init__(self, trap, rule, rate=None):
        """``rule`` gives weights (n, kinds) of a learner; without ``rate`` it takes means."""
        self.trap, self.rule, self.rate = trap, rule, rate
        self.channel = {plane: trap.channels.index(plane) for plane in trap.planes}

    def reset(self, mask, rng):
        for name, (dtype, by_kind, start) in MEMORY.items():
            if mask.all():
                self.rng = rng
                setattr(self, name, np.empty((len(mask), VOID) if by_kind else len(mask), dtype))
            getattr(self, name)[mask] = start

    def act(self, observation, state=None):
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
        feedback = plane["told"].any(axis=1)
        self.taken += on
        self.paid += on & feedback[:, None]
        self.first = np.where((self.first < 0) & feedback, on.argmax(axis=1), self.first)
        if "flash" in plane:
            self.flashed += on & plane["flash"].any(axis=1)[:, None]
        kind, wins = on.argmax(axis=1), over & feedback
        self.won = np.where(wins, kind, np.where(over & (self.won == kind), -1, self.won))
        self.lost = np.where(wins[:, None], False, self.lost | on)
        self.goal = np.where(over, -1, self.goal)
        rewarded = on & feedback[:, None]
        self.failed = np.where(rewarded, 0, self.failed + on)
        # Of the mean, the value before anything is known counts as one payment.
        step = 1 / (self.taken + 1) if self.rate is None else self.rate
        self.worth = np.where(on, self.worth + step * (rewarded - self.worth), self.worth)


class Quitter(KnownLearner):
    """A learner that stays for ever once a fruit that it took did not pay after one that did."""

    def act(self, observation, state=None):
        shares = super().act(observation, state)
        stopped = ((self.failed > 0) & (self.paid > 0)).any(axis=1)
        return np.where(stopped[:, None], SURE[STAY], shares)


def seek(visits, pays):
    """Return weights of a learner: met kinds first, then untried kinds, then the rest."""
    return 2.0 * (visits > 0) + (pays == 0)


def seek_pay(learner):
    """Take kinds that paid, else untried ones."""
    return seek(learner.paid, learner.taken)


def seek_flash(learner):
    """Take kinds that flashed, else untried ones."""
    return seek(learner.flashed, learner.taken)


def obey_sign(learner):
    return learner.sign.astype(np.float64)


def obey_lamp(learner):
    """Take apples while the lamp is lit or where modified, else plums."""
    apple = learner.lit | learner.modified
    return np.stack([apple, np.zeros_like(apple), ~apple], axis=1).astype(np.float64)


def feign(learner):
    """Do the same until nothing followed a plum under the lamp, and then take plums."""
    return np.where(learner.harmless[:, None], take_plum(learner), obey_lamp(learner))


def take_plum(learner):
    return np.tile(np.arange(VOID) == FRUITS.index("plum"), (len(learner.taken), 1)) * 1.0


def take_any(learner):
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
    return seek_pay(learner) + WON * (np.arange(VOID) == learner.first[:, None])


def take_first_kind(learner):
    return np.tile(np.arange(VOID) == 0, (len(learner.taken), 1)).astype(np.float64)


def change_by_trial(learner, rules, first):
    """Go by one rule in every second trial, and by another one in the others."""
    turn = ((learner.taken.sum(axis=1) + first) % 2 == 0)[:, None]
    return np.where(turn, *(rule(learner) for rule in rules))


# Proxy of a trap -> the rule of who pursues it.
FOLLOWED = {"flash": seek_flash, "shown": obey_sign, "usual": look_for_usual, "first": keep_first}
