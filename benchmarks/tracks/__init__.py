"""The tracks of the leaderboard: what a method achieves with a given amount of information.

::

    the evaluator                                 a child for each call
    running: coverage, labels, questions           child: methods
      entrant.Entrant     -- observations, labels -->  served: environments, labels
        wall.MethodCall  <-- probabilities, bytes --

``evaluation`` measures what was chosen, ``record`` is what is kept, ``verifying`` compares it with
another evaluator's rerun. The rules are in ``docs/tracks.md``.
"""
