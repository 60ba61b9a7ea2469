"""How the action is spread when customers cannot be randomised one by one: one design per file.

Each is a frozen part of the plan that knows what it requires before the start (``missing``), who is treated when
(``timetable``), the effect of a metric's table (``effect``), and what else chance could have drawn, with the checks on
its assumptions (``opinion``). What these mean for the verdict is ``evaluation``'s.

========================  =====  ==========================  =====================================================
design                    grade  what is randomised          what lowers the grade
========================  =====  ==========================  =====================================================
customers                 A      every customer              nothing: a broken ratio hides the estimates instead
``cluster``               B      sites, teams, agencies      nothing
``switchback``            B      the order in each block     a carry-over from one period to the next: C
``rollout``               B      the waves' order            clusters that went different ways before: C
``before_after``          C      nothing                     (never confirmed; adoption provisional, 60 days)
========================  =====  ==========================  =====================================================
"""

from experiments.designs.before_after import BeforeAfter
from experiments.designs.check import ALPHA, Check, Opinion
from experiments.designs.cluster import Clusters
from experiments.designs.frame import Frame
from experiments.designs.rollout import Rollout
from experiments.designs.switchback import Switchback
from experiments.designs.timetable import Timetable

Layout = Clusters | Switchback | Rollout | BeforeAfter
"""Any design that is not of single customers."""

__all__ = [
    "ALPHA",
    "BeforeAfter",
    "Check",
    "Clusters",
    "Frame",
    "Layout",
    "Opinion",
    "Rollout",
    "Switchback",
    "Timetable",
]
