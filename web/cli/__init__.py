"""The command line: one file per command; ``main`` gathers them and turns errors into one sentence and an exit code."""
