"""Inspect tasks on the traps of mesa_gym."""
