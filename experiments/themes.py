"""Themes of comments: words that low ratings share, each with how it is associated with the mean, never summed.

A theme is a word, or two neighbouring words, that is in enough comments and whose comments rate lower than the others
beyond chance. No meaning is guessed: French and English function words are left out, and that is all.
"""

import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from scipy.special import ndtr

LEAST_COMMENTS = 5
CHANCE = 0.01
"""How often a word that means nothing may be proposed at all, over all words together (Bonferroni)."""
SAME = 0.8
"""Two themes that share this part of their comments are one; the longer name stays."""
SHORTEST = 3
QUOTES = 2
_WORD = re.compile(r"[^\W\d_]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Comment:
    """Somebody's words and the rating that came with them, 0 to 100 (``None``: none)."""

    text: str
    rating: float | None


@dataclass(frozen=True, slots=True)
class Theme:
    """A theme: in how many of the rated comments, their mean rating and the others', and a few of them.

    ``associated`` is n_t (S_t − S) / (N − n_t) in points of 100: negative where the theme goes with low ratings.
    """

    words: str
    comments: int
    of: int
    mean: float
    others: float
    associated: float
    quotes: tuple[str, ...]


def themes_of(comments: Iterable[Comment]) -> list[Theme]:
    """Return the themes that go with low ratings, the most strongly associated first; comments unrated are left out.

    >>> sad, glad = Comment("on me fait tout répéter", 10.0), Comment("très aimable, merci", 90.0)
    >>> [theme.words for theme in themes_of([sad] * 12 + [glad] * 40)]
    ['répéter']
    """
    rated = [comment for comment in comments if comment.rating is not None]
    holding: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for at, comment in enumerate(rated):
        for words in _terms(comment.text):
            holding[words].append(at)
    ratings = [comment.rating or 0.0 for comment in rated]
    frequent = {words: which for words, which in holding.items() if LEAST_COMMENTS <= len(which) <= len(rated) // 2}
    found = [theme for words, which in frequent.items() if (theme := _theme(words, which, rated, ratings))]
    limit = CHANCE / max(1, len(frequent))
    kept = [(words, theme) for words, theme, p in found if p <= limit]
    kept.sort(key=lambda each: (each[1].associated, -len(each[0]), each[0]))
    return _distinct(kept, frequent)


def _theme(
    words: tuple[str, ...], which: Sequence[int], rated: Sequence[Comment], ratings: Sequence[float]
) -> tuple[tuple[str, ...], Theme, float] | None:
    """Return the theme with the chance that its comments rate this low by luck; ``None`` when they rate no lower."""
    inside = [ratings[at] for at in which]
    total, n, size = math.fsum(ratings), len(inside), len(ratings)
    mean, others = math.fsum(inside) / n, (total - math.fsum(inside)) / (size - n)
    if mean >= others:
        return None
    overall = total / size
    # Under "the word means nothing" its comments are a draw without replacement from all of them.
    spread = math.fsum((rating - overall) ** 2 for rating in ratings) / (size - 1)
    error = math.sqrt(spread * (1.0 / n - 1.0 / size))
    p = float(ndtr((mean - overall) / error)) if error > 0.0 else 1.0
    lowest = sorted(which, key=lambda at: (ratings[at], at))
    quotes = tuple(rated[at].text for at in lowest[:QUOTES])
    associated = n * (mean - overall) / (size - n)
    return words, Theme(" ".join(words), n, size, mean, others, associated, quotes), p


def _distinct(kept: Sequence[tuple[tuple[str, ...], Theme]], holding: dict[tuple[str, ...], list[int]]) -> list[Theme]:
    """Return the themes without those that share most of their comments with a stronger one."""
    chosen: list[tuple[tuple[str, ...], Theme]] = []
    for words, theme in kept:
        mine = set(holding[words])
        if not any(len(mine & set(holding[other])) >= SAME * len(mine) for other, _ in chosen):
            chosen.append((words, theme))
    return [theme for _, theme in chosen]


def _terms(text: str) -> set[tuple[str, ...]]:
    """Return the words and pairs of neighbouring words of a comment, function words left out."""
    said = [word for word in _WORD.findall(text.casefold()) if len(word) >= SHORTEST and _plain(word) not in STOP]
    return {(word,) for word in said} | {(one, other) for one, other in pairwise(said)}


def _plain(word: str) -> str:
    """Return the word without its accents.

    >>> _plain("répété")
    'repete'
    """
    return "".join(char for char in unicodedata.normalize("NFD", word) if not unicodedata.combining(char))


STOP = frozenset(
    """
    aux avec avoir cela ces cet cette ceci chez comme dans depuis des donc dont elle elles encore est etait etaient
    etant ete etre eux fois fut ici ils jai jamais leur leurs les lors lui mais meme mes moi mon moins nos notre nous
    ont par parce pas peu peut plus pour pourquoi puis quand que quel quelle qui quoi rien sans ses seulement son
    sont sous suis sur tant tel tes toi ton tous tout toute toutes tres trop une vers voici voila vos votre vous
    aie aient ait avait avais avez avons car ceux celle celui deja dit doit etes fait faire font ici ont quelque sera
    serait soit the and are was were been being but for from had has have her his him how into its itself just more
    most not now off only other our out over own same she should some such than that their them then there these they
    this those through too under until very what when where which while who whom why will with would you your yours
    about after again all also any because before below between both can could did does doing down during each few
    further here himself myself nor once ourselves per via still even get got one two
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""French and English words that say nothing about a cause, without accents."""
