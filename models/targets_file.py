"""The file courses and targets are written in: TOML in, checked courses out, and back.

::

    [[course]]
    id = "taken-in-charge"
    sentence = "They took me in charge at once, and I told my story once."
    owner = "Claire Martin"

    [[course.target]]
    id = "phone-journeys"
    metric = "journey_score"
    scope = "channel:phone"
    start_value = 70
    end_value = 80
    start = 2026-01-01
    end = 2026-06-30
    owner = "Paul Roux"          # left out: the course's owner
"""

import json
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from models.errors import Fault, InvalidInput
from models.gaps.metrics import unknown
from models.targets import Course, Target, conflicts, faults_of

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class TargetSection(_Section):
    """One ``[[course.target]]``."""

    id: Slug
    metric: str
    scope: str
    start_value: float = Field(allow_inf_nan=False)
    end_value: float = Field(allow_inf_nan=False)
    start: date
    end: date
    owner: Text | None = None


class CourseSection(_Section):
    """One ``[[course]]``."""

    id: Slug
    sentence: Text
    owner: Text
    target: list[TargetSection] = Field(min_length=1)


class TargetsFile(_Section):
    """The whole file."""

    course: list[CourseSection]


class Loaded(NamedTuple):
    """The courses of a file, and in words which of their targets contradict each other."""

    courses: tuple[Course, ...]
    warnings: tuple[str, ...]

    @property
    def targets(self) -> tuple[Target, ...]:
        """Every target of every course."""
        return tuple(target for course in self.courses for target in course.targets)


def load(text: str, scopes: Iterable[str]) -> Loaded:
    """Return the courses ``text`` describes; ``scopes`` are the declared ones a target may be set on.

    Raises ``InvalidInput`` naming every field at fault, the fault and the remedy; nothing is half accepted.
    """
    try:
        file = TargetsFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"targets: not valid TOML, {error}; correct that line and try again") from error
    except ValidationError as error:
        faults = [_fault(detail) for detail in error.errors(include_url=False)]
        raise InvalidInput(_sentence(faults)) from error
    courses = tuple(_course(section) for section in file.course)
    faults = _faults(courses, tuple(scopes))
    if faults:
        raise InvalidInput(_sentence(faults))
    loaded = Loaded(courses, ())
    return Loaded(courses, tuple(conflicts(loaded.targets)))


def render(courses: Sequence[Course]) -> str:
    """Return the file that ``load`` reads these courses from."""
    return "\n".join(line for course in courses for line in _course_lines(course))


def _course(section: CourseSection) -> Course:
    targets = tuple(
        Target(
            id=t.id,
            course=section.id,
            metric=t.metric,
            scope=t.scope,
            start_value=t.start_value,
            end_value=t.end_value,
            start=t.start,
            end=t.end,
            owner=t.owner or section.owner,
        )
        for t in section.target
    )
    return Course(section.id, section.sentence, section.owner, targets)


def _faults(courses: Sequence[Course], scopes: tuple[str, ...]) -> list[Fault]:
    faults = []
    seen: set[str] = set()
    for i, course in enumerate(courses):
        names = [(f"course[{i}]", course.id)]
        names += [(f"course[{i}].target[{j}]", target.id) for j, target in enumerate(course.targets)]
        for where, name in names:
            if name in seen:
                faults.append(Fault("duplicate", f"{where}.id", f"{name!r} is used twice", "give each its own id"))
            seen.add(name)
        for j, target in enumerate(course.targets):
            faults += faults_of(target, scopes, f"course[{i}].target[{j}]")
    return faults


def _fault(detail: ErrorDetails) -> Fault:
    parts = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in detail["loc"])
    where = parts.lstrip(".") or "targets"
    match detail["type"]:
        case "extra_forbidden":
            known = [n for m in (TargetsFile, CourseSection, TargetSection) for n in m.model_fields]
            return unknown(where, str(detail["loc"][-1]), "a key of this file", sorted(set(known)))
        case "missing":
            return Fault("missing", where, "is missing", "add it")
        case "string_pattern_mismatch":
            remedy = "use small letters, digits, '-', '_' and '.', at most 64"
            return Fault("malformed", where, f"{detail['input']!r} is not an id", remedy)
        case "date_type":
            return Fault("malformed", where, f"{detail['input']!r} is not a date", "write it as 2026-06-30, unquoted")
        case _:
            return Fault("invalid", where, detail["msg"].lower(), f"{detail['input']!r} cannot be used; correct it")


def _sentence(faults: Sequence[Fault]) -> str:
    return "targets: " + " | ".join(str(fault) for fault in faults)


def _course_lines(course: Course) -> list[str]:
    lines = ["[[course]]", *(_line(k, getattr(course, k)) for k in ("id", "sentence", "owner")), ""]
    for target in course.targets:
        keys = ("id", "metric", "scope", "start_value", "end_value", "start", "end", "owner")
        lines += ["[[course.target]]", *(_line(key, getattr(target, key)) for key in keys), ""]
    return lines


def _line(key: str, value: str | float | date) -> str:
    return f"{key} = {json.dumps(value, ensure_ascii=False) if isinstance(value, str) else value}"
