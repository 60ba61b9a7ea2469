"""Kafka's jars: named by ``pom.xml``, downloaded by Maven once per machine and version, kept in the user's cache."""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

POM = Path(__file__).with_name("pom.xml")
_INSTALL = "install a Java of at least 17 and Maven (Debian: apt-get install default-jre-headless maven)"


class NoKafka(Exception):
    """This machine cannot run a broker; the text says what is missing and what to do."""


def version() -> str:
    """Return the version of Apache Kafka that ``pom.xml`` names."""
    found = re.search(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>([^<]+)<", POM.read_text(encoding="utf-8"))
    if found is None:
        raise NoKafka(f"{POM} names no version of Kafka")
    return found[1]


def cache() -> Path:
    """Return where the jars of this version are kept, there or not yet."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "ressenti" / f"kafka-{version()}"


def java() -> str:
    """Return the path of a Java that can run the broker; raises ``NoKafka``."""
    home = os.environ.get("JAVA_HOME")
    found = shutil.which("java", path=f"{home}/bin" if home else None) or shutil.which("java")
    if found is None:
        raise NoKafka(f"there is no java here; {_INSTALL}, or name a running broker in KAFKA_BOOTSTRAP")
    said = subprocess.run([found, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    numbers = said.stderr.partition('"')[2].partition('"')[0].split(".")
    if not numbers[0].isdigit() or int(numbers[0]) < 17:
        raise NoKafka(f"{found} is version {'.'.join(numbers)}; {_INSTALL}")
    return found


def missing() -> str | None:
    """Return why no broker can run here, ``None`` when one can; downloads nothing."""
    try:
        java()
    except NoKafka as reason:
        return str(reason)
    if cache().is_dir() or shutil.which("mvn"):
        return None
    return f"there is no mvn here to fetch the broker's jars; {_INSTALL}, or name a running broker in KAFKA_BOOTSTRAP"


def jars() -> Path:
    """Return the folder of jars, downloaded (43 MB) when they are not in the cache yet; raises ``NoKafka``."""
    kept = cache()
    if kept.is_dir():
        return kept
    if reason := missing():
        raise NoKafka(reason)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix="fetching-") as fetching:
        _fetch(Path(fetching) / "libs")
        try:
            Path(fetching, "libs").rename(kept)
        except OSError:
            if not kept.is_dir():  # not somebody else's download, finished before ours
                raise
    return kept


def _fetch(folder: Path) -> None:
    command = ["mvn", "-q", "-B", "-f", str(POM), "dependency:copy-dependencies", "-DincludeScope=runtime"]
    done = subprocess.run([*command, f"-DoutputDirectory={folder}"], capture_output=True, text=True, check=False)  # noqa: S603 - our own words
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise NoKafka(f"Maven could not fetch Kafka's jars: {said[0] if said else 'it said nothing'}")
