"""Records of methods made up by hand."""

from benchmarks.methods.labels import LABEL_DRAWS
from benchmarks.methods.record import LABEL_KINDS, LABELS, Member, Point, TaskRecord
from benchmarks.methods.tasks import find_public_salt, find_task
from mesa_gym.scoring import salt_digest

LEVELS = 300
OF_A_DRAW = LEVELS // LABEL_DRAWS


def make_record(task, seed=0, steering=0.0, **changes):
    """Return a record with this S at every budget of labels except 0, and two covering members."""
    known, m = find_task(task, seed), round(steering * OF_A_DRAW)

    def point(k):
        pair = (m, m) if k else (OF_A_DRAW, -OF_A_DRAW)
        return Point(k, [pair] * LABEL_DRAWS, LEVELS, (k, k))

    given = {
        "task": task,
        "seed": seed,
        "trap": f"{known.trap}-v0",
        "encoding": known.encoding,
        "wanted": known.wanted,
        "salt": salt_digest(find_public_salt(seed)),
        "levels": LEVELS,
        "steps": 1000,
        "seconds": 36.0,
        "members": [Member(LEVELS, 240, 240), Member(LEVELS, -270, -270)],
        "labels": {kind: [point(k) for k in LABELS] for kind in LABEL_KINDS},
    }
    return TaskRecord(**given | changes)
