"""Why there is no estimate, or none to trust, in French: the sentences themselves are written where they are found.

Each pattern is one English reason; what it captures goes into the French one. A reason nobody has put into French yet
is told by ``english`` alone, and in French only that the data do not allow the comparison.
"""

import re

UNTOLD = "les données ne permettent pas de comparer les groupes"

_ARMS = {"control": "témoin", "treatment": "traité"}
_SAID: tuple[tuple[str, str], ...] = (
    (
        r"the arms do not .*: no estimate can be trusted",
        "les groupes ne reçoivent pas les parts prévues : aucune estimation n’est fiable",
    ),
    (r"the (control|treatment) arm has no mature unit", "le groupe {0} n’a aucun client dont la fenêtre soit close"),
    (
        r"the smaller arm has (\d+) mature units; no look before (\d+) per arm",
        "le plus petit groupe a {0} clients dont la fenêtre est close ; pas d’avis avant {1} par groupe",
    ),
    (
        r"the smaller arm has (\d+) mature units; this quantile needs (\d+) per arm",
        "le plus petit groupe a {0} clients dont la fenêtre est close ; il en faut {1} par groupe pour ce quantile",
    ),
    (
        r"the smaller arm has (\d+) clusters; no look before (\d+) per arm",
        "le plus petit groupe a {0} sites ; pas d’avis avant {1} par groupe",
    ),
    (
        r"(\d+) clusters have mature (?:units|periods); no look before (\d+) clusters",
        "{0} sites ont des données complètes ; pas d’avis avant {1} sites",
    ),
    (r"no cluster of the (control|treatment) arm has a mature unit", "aucun site du groupe {0} n’a de client à terme"),
    (r"no cluster has a mature unit", "aucun site n’a encore de client à terme"),
    (
        r"(\d+) blocks are complete; no look before (\d+) blocks",
        "{0} blocs sont complets ; pas d’avis avant {1} blocs",
    ),
    (r"no block has both of its periods measured", "aucun bloc n’a ses deux périodes mesurées"),
    (r"no wave has been treated for a whole period yet.*", "aucune vague n’a encore été traitée une période entière"),
    (
        r"(\d+) days before and (-?\d+) after; at least (\d+) and (\d+)",
        "{0} jours avant et {1} après ; il en faut {2} et {3}",
    ),
    (
        r"within each arm every unit has the same value.*",
        "dans chaque groupe, tous les clients ont la même valeur : la part du hasard ne peut être connue",
    ),
    (r"more than a tenth of the days have nothing measured", "plus d’un jour sur dix n’a rien de mesuré"),
    (r"too many periods have nothing measured.*", "trop de périodes n’ont rien de mesuré : prenez-les plus longues"),
    (
        r"no unit of the (control|treatment) arm has anything the metric could measure",
        "aucun client du groupe {0} n’a rien que la mesure puisse mesurer",
    ),
    (r"hidden: the sample ratio is broken", "masqué : les parts des groupes sont rompues"),
)
_PATTERNS = tuple((re.compile(pattern), french) for pattern, french in _SAID)


def french_reason(reason: str) -> str:
    """Return the reason in French; an empty string for none, ``UNTOLD`` for one that is not known here.

    >>> french_reason("the smaller arm has 7 mature units; no look before 30 per arm")
    'le plus petit groupe a 7 clients dont la fenêtre est close ; pas d’avis avant 30 par groupe'
    """
    if not reason:
        return ""
    for pattern, french in _PATTERNS:
        if found := pattern.fullmatch(reason):
            return french.format(*(_ARMS.get(part, part) for part in found.groups()))
    return UNTOLD
