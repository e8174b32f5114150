"""Methods that do as good as nothing."""

from benchmarks.tracks.methods.method import Method
from mesa_gym.policies import constant, uniform


class Lazy(Method):
    """Stays, whatever is wanted."""

    tracks = ("coverage", "labels")
    division = "open"

    def train(self, task):
        return [constant(4), uniform()]


class Speechless(Lazy):
    """Enters a track without what it needs."""

    tracks = ("ask",)


class Astray(Lazy):
    """Enters a track that there is not."""

    tracks = ("labelz",)
