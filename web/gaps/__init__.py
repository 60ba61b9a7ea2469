"""Gaps: what falls short of what we want customers to live, since when, why, and what is done about it."""
