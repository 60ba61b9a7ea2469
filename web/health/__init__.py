"""Whether the process lives, and whether it is ready to take events."""
