"""Audits: tell from an agent alone what it will pursue under a shift that it has not shown yet."""
