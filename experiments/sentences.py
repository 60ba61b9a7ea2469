"""A verdict in plain words, English and French, for people who do not read intervals.

Effects are shown in the metric's own direction (a wait that falls by 3 reads "−3"), never "statistically significant".
"""

import math
from dataclasses import dataclass

from experiments.measures import MEASURES, Measure
from experiments.reasons import UNTOLD, french_reason
from experiments.verdict import FAITHFUL, Kind, Verdict

FRENCH: dict[Kind, str] = {
    Kind.INVALID: "non valable",
    Kind.HARMFUL: "nuisible",
    Kind.NO_WORTHWHILE_EFFECT: "sans effet qui en vaille la peine",
    Kind.BETTER: "mieux que prévu",
    Kind.AS_EXPECTED: "comme prévu",
    Kind.LESS: "moins que prévu",
    Kind.NOT_YET: "pas encore",
    Kind.INCONCLUSIVE: "non concluant",
}
_OPEN_ENGLISH = {
    Kind.NOT_YET: "it is too early to say",
    Kind.INCONCLUSIVE: "the end has come and the data cannot say whether it helps",
}
_OPEN_FRENCH = {
    Kind.NOT_YET: "il est trop tôt pour le dire",
    Kind.INCONCLUSIVE: "la fin est venue et les données ne disent pas si l’action aide",
}


_TINY = 1e-9
"""Below this an effect is shown as zero."""


@dataclass(frozen=True, slots=True)
class Wording:
    """What a sentence needs beside the verdict: the metric's names and whether up (+1) or down (−1) is good."""

    measure: Measure
    sign: int


def _number(x: float) -> str:
    """Return a signed number with a real minus: one decimal, below one as many as two digits that count need.

    >>> _number(-3.04), _number(0.25), _number(-0.000514), _number(0.0)
    ('−3.0', '+0.25', '−0.00051', '+0.00')
    """
    size = abs(x)
    decimals = 1 if size >= 1 else 2 if size < _TINY else max(2, 1 - math.floor(math.log10(size)))
    return f"{x:+.{decimals}f}".replace("-", "−")


def _shown(verdict: Verdict, sign: int) -> tuple[str, str, str] | None:
    """Return estimate and interval in the metric's own direction, lower end first; ``None`` without an estimate."""
    if verdict.estimate is None or verdict.low is None or verdict.high is None:
        return None
    ends = sorted((verdict.low * sign, verdict.high * sign))
    return _number(verdict.estimate * sign), _number(ends[0]), _number(ends[1])


def _named(metric: str) -> tuple[str, str]:
    """Return the metric's name in both languages, to begin a sentence with."""
    known = MEASURES.get(metric)
    names = (metric, metric) if known is None else (known.english, known.french)
    return names[0][:1].upper() + names[0][1:], names[1][:1].upper() + names[1][1:]


def _share(x: float) -> str:
    return f"{x * 100:.0f} %"


def english(verdict: Verdict, wording: Wording) -> str:
    """Return the verdict as one or two English sentences."""
    lead = verdict.kind.value.capitalize()
    shown = _shown(verdict, wording.sign)
    if verdict.kind is Kind.INVALID or shown is None:
        said = verdict.reason or _OPEN_ENGLISH.get(verdict.kind, "there is no estimate")
    else:
        said = f"{wording.measure.english} changed by {shown[0]} (between {shown[1]} and {shown[2]})"
        said += f"; {_number(verdict.expected * wording.sign)} was expected"
        if verdict.kind in _OPEN_ENGLISH:
            said = f"{_OPEN_ENGLISH[verdict.kind]}: {said}"
    return " ".join([f"{lead}: {said}.", *_english_riders(verdict), *_english_standing(verdict)])


def _english_riders(verdict: Verdict) -> list[str]:
    """Return the further sentences: guardrails harmed, fidelity, mechanism."""
    riders = [
        f"{_named(g.metric)[0]} worsened beyond the margin of {g.margin:g}."
        for g in verdict.guardrails
        if g.standing == "harmed"
    ]
    if verdict.fidelity is not None and verdict.fidelity < FAITHFUL:
        riders.append(f"Not executed as defined (fidelity {_share(verdict.fidelity)}).")
    if verdict.worked != "unknown":
        riders.append(f"It worked {verdict.worked}.")
    return riders


def _english_standing(verdict: Verdict) -> list[str]:
    """Return what the design takes away from, or adds to, what the interval says."""
    said = [check.english for check in verdict.checks if check.failed]
    if verdict.unbacked:
        said.append(f"Chance alone gives as much in {_share(verdict.design_p or 0.0)} of what could have been drawn.")
    if verdict.standing == "provisional":
        said.append("Not confirmed: evidence of grade C; an adoption is provisional and looked at again after 60 days.")
    if verdict.further:
        shown = sum(result.declared for result in verdict.further)
        if len(verdict.further) == 1:
            said.append(f"The further result expected {'can' if shown else 'cannot'} be told from chance.")
        else:
            said.append(f"Of {len(verdict.further)} further results expected, {shown} can be told from chance.")
    return said


def french(verdict: Verdict, wording: Wording) -> str:
    """Return the verdict as one or two French sentences, with French typography."""
    lead = FRENCH[verdict.kind].capitalize()
    shown = _shown(verdict, wording.sign)
    if verdict.kind is Kind.INVALID or shown is None:
        said = french_reason(verdict.reason) or _OPEN_FRENCH.get(verdict.kind, UNTOLD)
    else:
        said = f"{wording.measure.french} a changé de {shown[0]} (entre {shown[1]} et {shown[2]})"
        said += f" ; {_number(verdict.expected * wording.sign)} était attendu"
        if verdict.kind in _OPEN_FRENCH:
            said = f"{_OPEN_FRENCH[verdict.kind]} : {said}"
    riders = _french_riders(verdict)
    return " ".join([f"{lead} : {_comma(said)}.", *riders, *_french_standing(verdict)])


def _comma(text: str) -> str:
    """Return the text with decimal commas; metric names hold no point followed by a digit."""
    return "".join(
        "," if char == "." and text[i + 1 : i + 2].isdigit() and text[i - 1].isdigit() else char
        for i, char in enumerate(text)
    )


def _french_riders(verdict: Verdict) -> list[str]:
    """Return the further sentences, in French."""
    riders = [
        _comma(f"{_named(g.metric)[1]} : détérioration au-delà de la marge de {g.margin:g}.")
        for g in verdict.guardrails
        if g.standing == "harmed"
    ]
    if verdict.fidelity is not None and verdict.fidelity < FAITHFUL:
        riders.append(f"L’action n’a pas été exécutée comme définie (fidélité {_share(verdict.fidelity)}).")
    if verdict.worked == "for the stated reason":
        riders.append("Elle a agi pour la raison annoncée.")
    if verdict.worked == "for another reason":
        riders.append("Elle a agi pour une autre raison que celle annoncée.")
    return riders


def _french_standing(verdict: Verdict) -> list[str]:
    """Return what the design takes away or adds, in French."""
    said = [check.french for check in verdict.checks if check.failed]
    if verdict.unbacked:
        said.append(f"Le hasard seul en donne autant dans {_share(verdict.design_p or 0.0)} des tirages possibles.")
    if verdict.standing == "provisional":
        said.append("Non confirmé : preuve de niveau C ; une adoption est provisoire et revue après 60 jours.")
    if verdict.further:
        shown = sum(result.declared for result in verdict.further)
        if len(verdict.further) == 1:
            told = "se distingue" if shown else "ne se distingue pas"
            said.append(f"L’autre résultat attendu {told} du hasard.")
        else:
            said.append(f"Sur {len(verdict.further)} autres résultats attendus, {shown} se distinguent du hasard.")
    return said
