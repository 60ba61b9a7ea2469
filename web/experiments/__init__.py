"""Experiments: the ledger of each loop, the acts people may take on it, and the verdict."""
