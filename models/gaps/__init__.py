"""Gaps: shortfalls against a target or against one's own past that survive noise, and what is known of each.

One file per idea: ``series`` what is observed per day and customer group, ``variance`` how sure it is, ``evidence``
how strongly it speaks, ``ebh`` what many scopes may claim together, ``own_past`` the baseline, ``states`` a gap's
life, ``causes`` ``impact`` ``word_of_mouth`` what it costs, ``detector`` the walk through the days that finds them.
Targets themselves are in ``models.targets``; reading cells from the store and keeping gaps is for other rooms.
"""
