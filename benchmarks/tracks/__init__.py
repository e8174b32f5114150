"""Methods: how many labels one needs until it goes for what is wanted.

::

    the evaluator                                   a room for each call
    running: members, labels                        inside: a method
      entrant.Entrant  -- observations, labels -->    room_envs, ServedLabels
        wall.Wall     <-- probabilities, bytes --

``evaluation`` measures what was chosen, ``record`` is what is kept, ``comparing`` holds it against
another evaluator's rerun. The rules are in ``docs/methods.md``.
"""
