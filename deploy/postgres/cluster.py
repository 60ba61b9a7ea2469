"""A throw-away PostgreSQL cluster of one's own, from the server's binaries on this machine.

It lives in a folder that is deleted at the end, listens on a Unix socket there and on a free port of the loopback
address, and is stopped when the process that started it ends, however it ends. Debian's package ``postgresql`` has all
it needs. The socket asks for no password (the folder is its owner's alone); the port does.
"""

import os
import pwd
import secrets
import shlex
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

Mode = Literal["fast", "immediate"]

USER = "ressenti"
"""The role that everything is done as; it may make databases and roles."""
_SERVER = "postgres"
"""Who the server runs as when we are root, whom ``initdb`` refuses."""
_WHERE_DEBIAN_PUTS_THEM = Path("/usr/lib/postgresql")
_NOT_DURABLE = ("fsync=off", "full_page_writes=off")
_SETTINGS = ("max_connections=200", "wal_level=minimal", "max_wal_senders=0", "log_min_messages=warning")
_SECONDS = 60


class NoServer(Exception):
    """There is no PostgreSQL server to start on this machine; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """One running cluster; ``stop``, ``start`` and ``restart`` are for those who want to see what happens then."""

    folder: Path
    """Holds data, socket, log and the password of the port."""
    port: int
    binaries: Path
    password: str = field(repr=False)

    def url(self, database: str = "postgres") -> str:
        """Return the address of ``database`` over the socket, without a password."""
        return f"postgresql://{USER}@/{database}?host={quote(str(self.folder), safe='')}&port={self.port}"

    def tcp_url(self, database: str = "postgres") -> str:
        """Return the address of ``database`` over the loopback port; the password is in ``password_file``."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{database}"

    @property
    def password_file(self) -> Path:
        """The file that holds the password which the port asks for."""
        return self.folder / "password"

    @property
    def log(self) -> Path:
        """What the server has to say."""
        return self.folder / "server.log"

    def start(self) -> None:
        """Start the server; returns when it answers."""
        self._control("start", "-l", str(self.log))

    def stop(self, mode: Mode = "fast") -> None:
        """Stop the server: ``fast`` ends every session, ``immediate`` is as good as a crash."""
        self._control("stop", "-m", mode)

    def restart(self, mode: Mode = "fast") -> None:
        """Stop the server and start it again; returns when it answers."""
        self.stop(mode)
        self.start()

    def _control(self, verb: str, *options: str) -> None:
        data = str(self.folder / "data")
        control = [str(self.binaries / "pg_ctl"), verb, "-w", "-s", "-t", str(_SECONDS), "-D", data]
        _run([*control, *options], self.folder)


@contextmanager
def throwaway(*, durable: bool = False, settings: Sequence[str] = ()) -> Iterator[Cluster]:
    """Yield a running cluster, stopped and deleted at the end of the block.

    ``durable`` writes through to the disk, as a real one does; without it, the machine must not crash. ``settings`` are
    lines of ``postgresql.conf``. Raises ``NoServer`` with the reason when there is none to start.
    """
    binaries = found_binaries()
    folder = Path(tempfile.mkdtemp(prefix="ressenti-postgres-"))
    with _guarded(folder, binaries):
        cluster = Cluster(folder, _free_port(), binaries, secrets.token_urlsafe(16))
        _make(cluster, [*_SETTINGS, *(() if durable else _NOT_DURABLE), *settings])
        cluster.start()
        yield cluster


def found_binaries() -> Path:
    """Return where ``initdb``, ``pg_ctl`` and ``postgres`` are; raises ``NoServer``."""
    places: list[Path] = []
    if config := shutil.which("pg_config"):
        said = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own words
        places.append(Path(said.strip()))
    if _WHERE_DEBIAN_PUTS_THEM.is_dir():
        versions = sorted(_WHERE_DEBIAN_PUTS_THEM.iterdir(), key=lambda path: (len(path.name), path.name))
        places += [version / "bin" for version in reversed(versions)]
    for place in places:
        if all((place / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
            _check_user()
            return place
    raise NoServer("no PostgreSQL server is installed (Debian: apt install postgresql)")


def _check_user() -> None:
    if os.getuid() == 0:
        try:
            pwd.getpwnam(_SERVER)
        except KeyError:
            raise NoServer(f"PostgreSQL does not run as root, and there is no user {_SERVER} to run it as") from None


def _make(cluster: Cluster, settings: Sequence[str]) -> None:
    """Write the files of a new cluster."""
    cluster.password_file.write_text(cluster.password)
    cluster.password_file.chmod(0o600)
    if os.getuid() == 0:
        shutil.chown(cluster.folder, _SERVER, _SERVER)
        shutil.chown(cluster.password_file, _SERVER, _SERVER)
    data = cluster.folder / "data"
    init = [str(cluster.binaries / "initdb"), "-D", str(data), "--username", USER, "--no-sync", "--encoding", "UTF8"]
    access = ["--auth-local", "trust", "--auth-host", "scram-sha-256", "--pwfile", str(cluster.password_file)]
    _run([*init, *access, "--locale", "C.UTF-8", "--no-instructions"], cluster.folder)
    address = (f"port={cluster.port}", "listen_addresses='127.0.0.1'", f"unix_socket_directories='{cluster.folder}'")
    with (data / "postgresql.conf").open("a") as file:
        file.write("\n".join(["", *address, *settings, ""]))


@contextmanager
def _guarded(folder: Path, binaries: Path) -> Iterator[None]:
    """Stop the server and delete ``folder`` at the end of the block, or when this process dies.

    A shell waits for the end of its standard input, which this process holds: the system closes it whatever happens.
    """
    stop = shlex.join([str(binaries / "pg_ctl"), "stop", "-m", "immediate", "-s", "-D", str(folder / "data")])
    script = f"read -r _; {_as_server(stop)} 2>/dev/null; rm -rf {shlex.quote(str(folder))}"
    # A session of its own, so that an interrupt at the keyboard reaches us and not the guard.
    guard = subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.PIPE, cwd="/", start_new_session=True)  # noqa: S603 - our own words
    try:
        yield
    finally:
        assert guard.stdin is not None  # noqa: S101 - it was asked for
        guard.stdin.close()
        guard.wait(_SECONDS)


def _as_server(command: str) -> str:
    if os.getuid() != 0:
        return command
    return f"setpriv --reuid={_SERVER} --regid={_SERVER} --clear-groups {command}"


def _run(command: Sequence[str], folder: Path) -> None:
    """Run one of the server's programs, as whom it wants; raises ``NoServer`` with what it said."""
    who = _SERVER if os.getuid() == 0 else None
    groups = None if who is None else [who]
    # To a file and not through a pipe: the server keeps what it inherits open, and a pipe would never end.
    with (folder / "programs.log").open("a+") as said:
        done = subprocess.run(  # noqa: S603 - our own command
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            user=who,
            group=who,
            extra_groups=groups,
            check=False,
        )
        if done.returncode:
            said.seek(0)
            raise NoServer(f"{Path(command[0]).name} failed: {said.read().strip()[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
