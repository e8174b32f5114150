"""Policies whose goal is known because it was built in: what the verdict must get right."""
