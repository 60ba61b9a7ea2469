"""Records that could not be scored: why, and their original bytes."""
