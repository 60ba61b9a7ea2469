"""The course: what customers should remember, and the targets that say whether they do."""
