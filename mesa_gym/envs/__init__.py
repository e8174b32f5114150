"""Environments: the Gymnasium API, the vector API, and what adapts them for others."""
