"""What was said before the command and holds for it: ``ressenti --data DIR COMMAND``."""

from contextvars import ContextVar
from pathlib import Path

shared_data: ContextVar[Path | None] = ContextVar("shared_data", default=None)
"""The data folder that was named before the command."""
