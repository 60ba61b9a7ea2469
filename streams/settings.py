"""Every knob of a running Ressenti, in one frozen object read from ``RESSENTI_…`` names, and its documented table.

What is *measured and decided* (policy, targets, declared scopes, experiments) is not here: those are versioned
definitions in the store. Secrets are read from files, so that they show in no process list and no crash report.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from models.errors import RefusedToStart

PREFIX = "RESSENTI_"
FOREIGN = frozenset({"RESSENTI_TEST_POSTGRES"})
"""Names with our prefix that belong to the test suite, not to a running process."""

SECRETIVE = frozenset({"database_url"})
"""Settings whose value is not shown when it is wrong: a password may have slipped into it."""
CONTAINER_SECRETS = Path("/run/secrets")
"""Where container engines put secrets, readable by whoever runs in there."""

_ADDRESS = r"([^\s,/:\[\]]+|\[[0-9a-fA-F:.]+\]):\d{1,5}"
_NEWS = r"(dead-letters|scores|rescues|gaps|verdicts)"

_LETTERS = "letters, digits, dots, dashes and underscores"
FORMS: Mapping[str, str] = {
    "webhook_url": "write it like https://example.org/hooks/ressenti",
    "database_url": "write it like postgresql://user@host:5432/ressenti",
    "kafka_bootstrap": "write it like 127.0.0.1:9092, each broker with its port, several with commas between them",
    "kafka_prefix": f"write at most 64 {_LETTERS}",
    "kafka_topic": f"write at most 128 {_LETTERS}",
    "kafka_publish": "write names from dead-letters, scores, rescues, gaps and verdicts, with commas between them",
    "worker_group": f"write at most 128 {_LETTERS}",
    "worker_instance": f"write at most 128 {_LETTERS}",
}
"""How what must have a form is written, for people; programs are told by the pattern."""

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Days = Annotated[int, Field(ge=1, le=3_650)]


class Settings(BaseSettings):
    """The settings of one process; frozen once read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", case_sensitive=False)

    data: Annotated[Path, Field(description="Folder that holds the log and the store.")] = Path(".ressenti")
    host: Annotated[str, Field(description="Address the web server listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="Port the web server listens on; 0 takes a free one.")] = (
        8000
    )
    behind_proxy: Annotated[
        bool,
        Field(
            description="Whether a proxy of yours stands before it and lets in only whom it should. Needed to listen "
            "on an address that is not this machine's alone; any Host is then answered, and every sender needs a key."
        ),
    ] = False
    partitions: Annotated[
        int, Field(ge=1, le=32, description="Partitions of a log made anew; fixed from then on. Best a divisor of 32.")
    ] = 16
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severe log line that is written.")
    ] = "info"
    log_format: Annotated[Literal["console", "json"], Field(description="How log lines look.")] = "console"
    secret_file: Annotated[
        Path | None,
        Field(description="File with the key that pseudonyms are made with; made in the data folder when not given."),
    ] = None
    secret_version: Annotated[
        int,
        Field(ge=1, le=999, description="Version of that key, carried in every pseudonym; a new key needs a new one."),
    ] = 1
    webhook_secret_file: Annotated[
        Path | None, Field(description="File with the key that signs webhook deliveries; unsigned when not given.")
    ] = None
    webhook_url: Annotated[
        str | None, Field(pattern=r"^https?://", description="Where outgoing messages are posted; none when not given.")
    ] = None
    webhook_timeout_seconds: Annotated[Seconds, Field(description="Longest wait for a webhook's answer.")] = 10.0
    chunk_records: Annotated[
        int, Field(ge=1, le=100_000, description="Most records of one partition that are folded at once.")
    ] = 8_000
    checkpoint_records: Annotated[
        int, Field(ge=1, le=1_000_000, description="Records after which a checkpoint is written, over all partitions.")
    ] = 64_000
    idle_seconds: Annotated[
        Seconds, Field(description="How often an idle engine looks at the log without having been woken.")
    ] = 0.5
    due_tick_seconds: Annotated[
        Seconds,
        Field(description="How often silence is looked for: waits, overdue promises, first-contact resolution."),
    ] = 5.0
    rescue_tick_seconds: Annotated[Seconds, Field(description="How often rescues are judged as of now.")] = 5.0
    outbox_tick_seconds: Annotated[Seconds, Field(description="How often unsent outgoing messages are tried.")] = 1.0
    gap_tick_seconds: Annotated[Seconds, Field(description="How often gaps are looked for.")] = 60.0
    experiment_tick_seconds: Annotated[Seconds, Field(description="How often experiments are evaluated.")] = 60.0
    retention_tick_seconds: Annotated[Seconds, Field(description="How often what is too old is deleted.")] = 600.0
    log_retention_days: Annotated[Days, Field(le=30, description="How long folded raw events stay in the log.")] = 30
    dead_letter_retention_days: Annotated[
        Days, Field(le=30, description="How long events and rows that could not be scored are kept, as they came.")
    ] = 30
    five_minute_retention_hours: Annotated[
        int, Field(ge=1, le=720, description="How long five-minute cells are kept; hours and days stay.")
    ] = 48
    stop_seconds: Annotated[
        Seconds, Field(description="Longest wait for the engine's last checkpoint when stopping.")
    ] = 30.0
    declared_values: Annotated[
        int,
        Field(
            ge=0,
            le=10_000,
            description="Touchpoints, channels and sources that may declare themselves, each; then `other`.",
        ),
    ] = 200
    duplicate_memory: Annotated[
        int, Field(ge=0, le=10_000_000, description="Recent events whose (source, id) the collector remembers.")
    ] = 200_000
    database_url: Annotated[
        str | None,
        Field(
            pattern=r"^postgres(ql)?://",
            description="PostgreSQL database of the store, as libpq takes it: `postgresql://user@host:5432/ressenti`; "
            "without a password. Needs `ressenti migrate` once and after each upgrade, and `RESSENTI_SECRET_FILE`. "
            "The data folder's own file when not given.",
        ),
    ] = None
    database_password_file: Annotated[
        Path | None, Field(description="File with the password of the database's user, where it needs one.")
    ] = None
    database_readers: Annotated[
        int, Field(ge=1, le=100, description="Most connections of one process that read, for pages and commands.")
    ] = 8
    database_writers: Annotated[
        int, Field(ge=2, le=100, description="Most connections of one process that write: folds, ticks, people.")
    ] = 4
    database_statement_seconds: Annotated[
        Seconds, Field(description="Longest that PostgreSQL works at one question of a page or a command.")
    ] = 60.0
    kafka_bootstrap: Annotated[
        str | None,
        Field(
            pattern=rf"^{_ADDRESS}(,{_ADDRESS})*$",
            description="Addresses of Kafka brokers, `host:port,host:port`; the log is then Kafka's. Needs "
            "`RESSENTI_DATABASE_URL` too. The embedded log and store when not given.",
        ),
    ] = None
    kafka_prefix: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._-]{0,64}$",
            description="Put before the name of every topic of ours, as in `staging.`.",
        ),
    ] = ""
    kafka_topic: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9._-]{1,128}$", description="Topic of the interactions, after the prefix.")
    ] = "interactions"
    kafka_publish: Annotated[
        str,
        Field(
            pattern=rf"^({_NEWS}(,{_NEWS})*)?$",
            description="Which results are told to topics of their own. `scores` is a message for each journey that a "
            "checkpoint changed: leave it out where nobody reads it.",
        ),
    ] = "dead-letters,scores,rescues,gaps,verdicts"
    kafka_replication: Annotated[
        int, Field(ge=1, le=9, description="Copies of each topic that `ressenti topics create` asks for.")
    ] = 3
    kafka_security: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        Field(description="How brokers are talked to: encrypted (SSL), with a login (SASL), both, or neither."),
    ] = "PLAINTEXT"
    kafka_sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"], Field(description="How the login is made.")
    ] = "SCRAM-SHA-512"
    kafka_user: Annotated[str | None, Field(description="Name of the login; needed with SASL.")] = None
    kafka_password_file: Annotated[
        Path | None, Field(description="File with the password of the login; needed with SASL.")
    ] = None
    kafka_ca_file: Annotated[
        Path | None,
        Field(description="Certificates that brokers' are checked against (PEM); the system's when not given."),
    ] = None
    kafka_certificate_file: Annotated[
        Path | None, Field(description="Our own certificate (PEM), for brokers that ask for one.")
    ] = None
    kafka_key_file: Annotated[Path | None, Field(description="The key of our own certificate (PEM).")] = None
    kafka_timeout_seconds: Annotated[
        Seconds,
        Field(ge=1, le=300, description="Longest wait for a broker; events that took longer are answered with 503."),
    ] = 10.0

    worker_group: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9._-]{1,128}$",
            description="Consumer group that workers join, after the prefix; they share the partitions.",
        ),
    ] = "ressenti"
    worker_instance: Annotated[
        str | None,
        Field(
            pattern=r"^[A-Za-z0-9._-]{1,128}$",
            description="Name of this worker that stays when it is started anew (static membership): its partitions "
            "then wait for it, for a session's length. Each worker needs its own; none when not given.",
        ),
    ] = None
    worker_session_seconds: Annotated[
        Seconds,
        Field(le=1_800, description="A worker not heard of for so long loses its partitions to the others."),
    ] = 6.0
    worker_heartbeat_seconds: Annotated[
        Seconds, Field(le=600, description="How often a worker says that it lives; a third of the session at most.")
    ] = 2.0
    worker_checkpoint_records: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Most records that a worker which is behind folds into one checkpoint, over its partitions: "
            "more cost less each (64,000 take a third less than 16,000), and whoever takes some partitions over waits "
            "for the checkpoint at work.",
        ),
    ] = 64_000
    worker_checkpoint_seconds: Annotated[
        Seconds, Field(le=60, description="Longest that fetched records wait for others to share their checkpoint.")
    ] = 0.1
    worker_reconcile_seconds: Annotated[
        Seconds, Field(description="How often a worker looks whether anything was lost between Kafka and itself.")
    ] = 5.0
    worker_hint_seconds: Annotated[
        Seconds, Field(description="How often a worker tells Kafka how far it is, for tools that show the lag.")
    ] = 5.0
    worker_stall_seconds: Annotated[
        Seconds,
        Field(ge=10, description="A worker that is behind and folds nothing for so long ends, to be started anew."),
    ] = 60.0
    worker_port: Annotated[
        int,
        Field(
            ge=0,
            le=65_535,
            description="Port of a worker's `/livez`, `/readyz` and `/metrics`, at `RESSENTI_HOST`; 0: a free one.",
        ),
    ] = 8001

    @field_validator("database_url")
    @classmethod
    def _refuse_passwords(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "")
        if parts.password is not None or "password" in dict(parse_qsl(parts.query)):
            raise ValueError("holds a password, which would show in process lists; put it into a file and name that in "
                             f"{PREFIX}DATABASE_PASSWORD_FILE")  # fmt: skip
        return url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the name and arity are pydantic-settings'
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what the program says, then the environment; nothing is picked up from files lying about."""
        return init_settings, env_settings


def read(environment: Mapping[str, str] | None = None, **overrides: object) -> Settings:
    """Return the settings of this process; raises ``RefusedToStart`` naming every wrong or unknown name.

    ``overrides`` (command-line options) win over the environment; those that are ``None`` are left out.
    """
    names = os.environ if environment is None else environment
    unknown = sorted(name for name in names if _is_unknown(name))
    if unknown:
        raise RefusedToStart(f"unknown settings {', '.join(unknown)}; see docs/settings.md for the names there are")
    given = {name.upper().removeprefix(PREFIX).lower(): names[name] for name in names if _is_known(name)}
    given |= {name: value for name, value in overrides.items() if value is not None}  # type: ignore[misc]  # what is of another type is refused below
    try:
        return Settings.model_validate(given)
    except ValidationError as wrong:
        raise RefusedToStart("; ".join(_sentence(error) for error in wrong.errors())) from None


def secret(path: Path | None) -> SecretStr | None:
    """Return the secret kept in the file ``path``; ``None`` when no file is named.

    Raises ``RefusedToStart`` for a file that is missing, empty, no text or readable by everybody; what a container is
    given under ``/run/secrets`` is readable by everybody in there, who is nobody else.
    """
    if path is None:
        return None
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise RefusedToStart(f"secret file {path}: {error.strerror}; make it or name another") from None
    except UnicodeDecodeError:
        raise RefusedToStart(
            f"secret file {path} holds bytes that are no text; write the secret in it as text, random bytes in hex"
        ) from None
    if not text:
        raise RefusedToStart(f"secret file {path} is empty; write the secret in it")
    if path.stat().st_mode & 0o004 and not path.is_relative_to(CONTAINER_SECRETS):
        raise RefusedToStart(f"secret file {path} is readable by everybody; run: chmod 600 {path}")
    return SecretStr(text)


def table() -> str:
    """Return the documented table of settings, as the Markdown that ``docs/settings.md`` holds."""
    lines = [
        "# Settings",
        "",
        "Read from the environment when a process starts; generated by `streams/settings.py`. Unknown names that",
        f"begin with `{PREFIX}` are refused.",
        "",
        "| name | default | what it says |",
        "|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "–" if field.default in {None, ""} else f"`{field.default}`"
        lines.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def _is_known(name: str) -> bool:
    upper = name.upper()
    return upper.startswith(PREFIX) and upper.removeprefix(PREFIX).lower() in Settings.model_fields


def _is_unknown(name: str) -> bool:
    return name.upper().startswith(PREFIX) and name.upper() not in FOREIGN and not _is_known(name)


def _sentence(error: Mapping[str, object]) -> str:
    place = error.get("loc")
    name = str(place[0]) if isinstance(place, tuple) and place else "settings"
    got = "" if name in SECRETIVE else f" (got {error.get('input')!r})"
    if error.get("type") == "string_pattern_mismatch":
        return f"{PREFIX}{name.upper()}: not written as it must be{got}; {FORMS[name]}; see docs/settings.md"
    said = str(error.get("msg")).removeprefix("Value error, ")  # pydantic's, before what a check of ours says
    return f"{PREFIX}{name.upper()}: {said}{got}; see docs/settings.md"
