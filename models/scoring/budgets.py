"""Losses by line, kept within their budget: of one interaction, and of several that make a journey.

All points are hundredths. Nothing here knows a cause or a policy; a loss above its budget is scaled in proportion.
"""

from models.rounding import apportioned, nearest

Lines = dict[str, int]
"""Hundredths of a point, by line."""


def rescaled(lines: Lines, total: int) -> Lines:
    """Return ``lines`` (not negative) scaled in proportion so that they sum to ``total``.

    >>> rescaled({"wait": 3000, "step": 6000}, 7000)
    {'wait': 2333, 'step': 4667}
    """
    whole = sum(lines.values())
    return apportioned({line: value * total for line, value in lines.items()}, whole, total) if whole else {}


def capped(lines: Lines, budget: int) -> tuple[int, Lines]:
    """Return what is lost when at most ``budget`` can be, and its lines: untouched within it, in proportion above.

    >>> capped({"wait": 1500}, 7000)
    (1500, {'wait': 1500})
    """
    total = sum(lines.values())
    if total <= budget:
        return total, lines
    return budget, rescaled(lines, budget)


def joined(totals: list[int], others: int, budget: int) -> int:
    """Return the loss of a journey whose parts lost ``totals``: the worst in full, ``others`` per cent of the rest.

    >>> joined([4300, 6100], 20, 7000)
    6960
    """
    if not totals:
        return 0
    return min(budget, nearest(max(totals) * (100 - others) + sum(totals) * others, 100))


def combined(parts: list[tuple[int, Lines]], others: int, budget: int) -> tuple[int, Lines]:
    """Return the loss of a journey: the worst part in full, ``others`` per cent of each other part, at most ``budget``.

    Of equal parts the first given counts as the worst; the total does not depend on the order.

    >>> combined([(4300, {"wait": 1500, "other": 2800}), (1000, {"wait": 1000})], 20, 7000)
    (4500, {'wait': 1700, 'other': 2800})
    """
    if not parts:
        return 0, {}
    if len(parts) == 1:
        total, lines = parts[0]
        return (total, lines) if total <= budget else (budget, rescaled(lines, budget))
    worst = max(range(len(parts)), key=lambda i: parts[i][0])
    exact: Lines = {}
    for i, (_, lines) in enumerate(parts):
        share = 100 if i == worst else others
        for line, value in lines.items():
            exact[line] = exact.get(line, 0) + value * share
    loss = joined([total for total, _ in parts], others, budget)
    if loss == budget:
        return budget, rescaled(exact, budget)
    return loss, apportioned(exact, 100, loss)
