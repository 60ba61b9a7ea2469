"""An answer: a survey came back."""

from typing import ClassVar, Final

from pydantic import Field

from models.facts import AnswerFact, Instrument
from models.interactions.bounds import Breach, Grade, Identifier, Language, Verbatim
from models.interactions.common import Head, Interaction, Words

SCALES: Final[dict[str, tuple[int, int]]] = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7)}
"""The only scales these instruments are defined on (Reichheld 2003; CES 2.0, Dixon 2013); others are ``custom``."""


class Answer(Interaction):
    """What the customer answered, on a scale from ``low`` (worst) to ``high`` (best)."""

    TYPE: ClassVar[str] = "ressenti.answer"

    survey: Identifier | None = Field(default=None, description="The survey it answers.")
    contact: Identifier | None = Field(default=None, description="The contact asked about; absent: the journey.")
    instrument: Instrument = Field(description="Which question was put.")
    value: Grade = Field(description="The answer.")
    low: Grade | None = Field(default=None, description="The scale's worst; absent: the instrument's own.")
    high: Grade | None = Field(default=None, description="The scale's best; absent: the instrument's own.")
    verbatim: Verbatim | None = Field(default=None, description="The free comment, redacted.")
    language: Language | None = Field(default=None, description="The comment's language.")

    def check(self) -> None:
        """Refuse a value off its instrument's scale."""
        scale_of(self)

    def fact(self, head: Head) -> AnswerFact:
        """Return the answer's fact."""
        low, high = scale_of(self)
        return AnswerFact(*head, self.survey, self.contact, self.instrument, self.value, low, high)

    def words(self) -> Words | None:
        """Return the free comment."""
        if not self.verbatim:
            return None
        low, high = scale_of(self)
        return Words("answer", 10_000 * (self.value - low) // (high - low), self.language, self.verbatim)


def scale_of(answer: Answer) -> tuple[int, int]:
    """Return the scale an answer lies on; raises ``Breach`` when it has none, a foreign one, or lies outside."""
    own = SCALES.get(answer.instrument)
    low, high = _own_scale(answer, own) if own else _custom_scale(answer)
    if low <= answer.value <= high:
        return low, high
    raise Breach(
        "out_of_range",
        f"{answer.value} lies outside the scale {low} to {high}",
        "send the answer as given, on its own scale",
        "data.value",
    )


def _own_scale(answer: Answer, own: tuple[int, int]) -> tuple[int, int]:
    for side, given, standard in (("low", answer.low, own[0]), ("high", answer.high, own[1])):
        if given is not None and given != standard:
            raise Breach(
                "contradiction",
                f"{given} is not the {side} end of {answer.instrument}, which goes from {own[0]} to {own[1]}",
                'send other scales as instrument "custom"',
                f"data.{side}",
            )
    return own


def _custom_scale(answer: Answer) -> tuple[int, int]:
    for side, given in (("low", answer.low), ("high", answer.high)):
        if given is None:
            raise Breach("missing", "a custom instrument names its scale", "send low and high", f"data.{side}")
    low, high = answer.low or 0, answer.high or 0
    if low >= high:
        raise Breach("contradiction", f"the scale {low} to {high} is empty", "send low < high", "data.high")
    return low, high
