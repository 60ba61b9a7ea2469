"""A mapping: the small TOML file that says how a user's export becomes interactions; read, and explained when wrong.

The sections and their keys live here; how values and conditions are written is in ``values`` and ``conditions``, how a
rule makes an event in ``rules``. The manual is ``docs/mappings.md``.
"""

import tomllib
from difflib import get_close_matches
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from models.errors import InvalidInput, NotFound
from models.interactions.bounds import Slug
from streams.history.rows import FileShape
from streams.history.times import Reading, reading, zone

MAX_EVENTS = 32
"""Rules of one mapping."""


def _ascii_based(encoding: str) -> str:
    try:
        plain = "\n,\"'a1".encode(encoding) == b"\n,\"'a1"
    except LookupError:
        raise ValueError(f"{encoding!r} is not an encoding Python knows; write e.g. 'utf-8' or 'cp1252'") from None
    if not plain:
        raise ValueError(f"{encoding!r} cannot be read line by line; convert the file: iconv -f {encoding} -t UTF-8")
    return encoding


def _known_zone(name: str) -> str:
    zone(name)
    return name


class Section(BaseModel):
    """A table of the file; a key it does not know is a mistake, not a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FileSection(Section):
    """``[file]``: how the export is written."""

    format: Literal["csv", "ndjson"] = "csv"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    encoding: Annotated[str, AfterValidator(_ascii_based)] = "utf-8"
    missing: list[str] = [""]
    times: Annotated[list[str], Field(min_length=1)] = ["iso"]
    timezone: Annotated[str, AfterValidator(_known_zone)] | None = None
    """Where times without an offset were written; they reject the row when it is not given."""


class RowSection(Section):
    """``[row]``: whose a row is, when it happened, what makes it itself, and which rows belong to one case."""

    subject: str = Field(min_length=1)
    time: str = Field(min_length=1)
    identity: list[str] = []
    case: list[str] = []


class EventSection(Section):
    """``[[event]]``: one rule, which makes one interaction of a row, or none."""

    name: Slug
    type: str
    rows: Literal["every", "first", "later", "last"] = "every"
    when: dict[str, Any] = {}
    before: dict[str, Any] = {}
    time: str | dict[str, Any] | None = None
    fields: dict[str, Any] = {}


class Mapping(Section):
    """A whole mapping, as the file says it."""

    name: Slug
    about: str = ""
    source: str = Field(min_length=1)
    file: FileSection = FileSection()
    row: RowSection
    common: dict[str, Any] = {}
    event: list[EventSection] = Field(min_length=1, max_length=MAX_EVENTS)

    @property
    def shape(self) -> FileShape:
        """How the file is written, as the reader wants it."""
        file = self.file
        return FileShape(file.format, file.delimiter, file.encoding, frozenset(file.missing))

    @property
    def read_time(self) -> Reading:
        """What reads this export's times."""
        return reading(self.file.times, None if self.file.timezone is None else zone(self.file.timezone))


def parse(text: str, where: str) -> Mapping:
    """Return the mapping that ``text`` is; raises ``InvalidInput`` naming every key at fault, fault and remedy."""
    try:
        said = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{where}: not TOML: {error}; correct that line") from None
    try:
        return Mapping.model_validate(said)
    except ValidationError as wrong:
        raise InvalidInput(f"{where}: " + " · ".join(_sentence(error) for error in wrong.errors())) from None


def shipped() -> list[str]:
    """Return the names of the mappings that come with Ressenti."""
    folder = resources.files("streams.history") / "mappings"
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def text_of(name: str) -> str:
    """Return the text of a mapping: of one we ship, by its name, or of a file; raises ``NotFound``."""
    if name in shipped():
        return (resources.files("streams.history") / "mappings" / f"{name}.toml").read_text(encoding="utf-8")
    try:
        return Path(name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidInput(f"{name}: a mapping is a text file in UTF-8; this is not one") from None
    except OSError:
        near = get_close_matches(name, shipped(), 1)
        hint = f"did you mean {near[0]!r}?" if near else "give the path of a TOML file, or one of these names"
        raise NotFound(f"there is no mapping {name!r}; {hint} (shipped: {', '.join(shipped())})") from None


_REMEDIES = {
    "missing": ("is missing", "add it"),
    "string_type": ("is not a text", "put it in quotes"),
    "list_type": ("is not a list", "write [ … ]"),
    "too_short": ("is empty", "put at least one thing in it"),
    "string_too_short": ("is empty", "write something"),
    "string_pattern_mismatch": (
        "is not a short name",
        "use a-z, 0-9, '-', '_' and '.', beginning with a letter or digit",
    ),
}


def _sentence(error: Any) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    key = ".".join(str(part) for part in error["loc"]) or "the file"
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), _keys(error["loc"][:-1]), 1)
        hint = f"did you mean {near[0]!r}?" if near else "see docs/mappings.md for those there are"
        return f"{key}: there is no such key; {hint}"
    fault, remedy = _REMEDIES.get(
        error["type"], (str(error["msg"]).removeprefix("Value error, "), "see docs/mappings.md")
    )
    return f"{key}: {fault}" if ";" in fault else f"{key}: {fault}; {remedy}"


def _keys(place: tuple[int | str, ...]) -> list[str]:
    sections: dict[str, type[Section]] = {
        "file": FileSection,
        "row": RowSection,
        "event": EventSection,
    }
    section = sections.get(str(place[0]), Mapping) if place else Mapping
    return list(section.model_fields)
