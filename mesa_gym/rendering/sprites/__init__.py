"""The drawings: each paints one thing on a canvas, in a main colour that the caller chooses.

A sprite derives its lights and darks from the main colour, so that a red door is still a door
and still red; fittings (a door's knob, a chest's lock) keep colours of their own. Things are told
apart by shape alone. To add one, write a function under ``@sprite``: its name is what
``Look.sprite`` refers to. Some are made to be painted over others in one cell (a cover over a
vent): their docstrings say so.
"""
