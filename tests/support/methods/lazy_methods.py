"""Methods that do as good as nothing."""

from benchmarks.methods import Method
from mesa_gym.policies import constant, uniform


class Lazy(Method):
    """Stays, whatever is wanted."""

    def train(self, task):
        return [constant(4), uniform()]
