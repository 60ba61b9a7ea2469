"""A voice: a public post or review, and our reply to it."""

from typing import ClassVar, Literal

from pydantic import Field

from models.facts import VoiceFact
from models.interactions.bounds import Identifier, Instant, Language, Name, Ratio, Reach, Verbatim, basis_points
from models.interactions.common import Head, Interaction, Words, moment_or_none


class Voice(Interaction):
    """One message about one post; a later one with the same ``post`` says that we replied."""

    TYPE: ClassVar[str] = "ressenti.voice"

    post: Identifier = Field(description="The post or review.")
    platform: Name | None = Field(default=None, description="Where it stands.")
    rating: Ratio | None = Field(default=None, description="From 0, the worst rating there, to 1, the best.")
    sentiment: Literal["negative", "neutral", "positive"] | None = Field(
        default=None, description="What it feels like."
    )
    reach: Reach | None = Field(default=None, description="How many people may have seen it.")
    replied: Instant | None = Field(default=None, description="When we answered it.")
    verbatim: Verbatim | None = Field(default=None, description="Its text, redacted.")
    language: Language | None = Field(default=None, description="The text's language.")

    def fact(self, head: Head) -> VoiceFact:
        """Return the post's fact."""
        rating = None if self.rating is None else basis_points(self.rating)
        return VoiceFact(
            *head, self.post, self.platform, rating, self.sentiment, self.reach, moment_or_none(self.replied)
        )

    def words(self) -> Words | None:
        """Return the post's text."""
        rating = None if self.rating is None else basis_points(self.rating)
        return Words("voice", rating, self.language, self.verbatim) if self.verbatim else None
