"""Jobs: many trainings, each with its card, on the cores of this machine or on an engine."""
