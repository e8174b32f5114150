"""An Inspect task on the traps of mesa_gym."""
