"""Environments for libraries that are not ours to depend on: made once in a cache folder, at a named version."""

import os
import subprocess
import sys
import venv
from pathlib import Path

PINNED = {"quix": "quixstreams==3.28.1", "bytewax": "bytewax[kafka]==0.21.1"}


def python_of(name: str) -> Path:
    """Return the interpreter of the environment ``name``, making it where it is missing; ``CalledProcessError``."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    folder = cache / "ressenti" / PINNED[name].replace("[", "-").replace("]", "")
    python, done = folder / "bin" / "python", folder / ".installed"
    if not done.exists():
        sys.stderr.write(f"installing {PINNED[name]} in an environment of its own\n")
        venv.create(folder, with_pip=True, clear=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PINNED[name]]
        subprocess.run(install, check=True)  # noqa: S603 - our own words
        done.touch()
    return python
