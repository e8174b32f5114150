"""Rooms: locked processes in which code of strangers works, called by name."""
