"""Baseline agents and their training."""
