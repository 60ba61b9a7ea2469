"""What the simulated telecom is made of: offers, regions, touchpoints, channels, sources and what each source sends.

Only names and shares; how often things go wrong is in ``demo.planted``.
"""

from types import MappingProxyType

from models.causes import Cause

OFFERS = ("fibre", "fibre", "fibre", "fibre", "fibre", "adsl", "adsl", "mobile", "mobile", "mobile")
"""One entry per tenth of the customers: half have fibre, a fifth still ADSL, the rest a mobile line."""

REGIONS = ("bretagne", "normandie", "occitanie", "grand-est", "ile-de-france", "ile-de-france")
"""One entry per sixth of the customers."""

TOUCHPOINTS = ("installation", "outage_support", "billing", "delivery", "shop", "cancellation", "selfcare", "brand")
CHANNELS = ("chat", "phone", "email", "shop", "app", "web")
SOURCES = ("crm", "telephony", "chat_tool", "network", "logistics", "survey_tool", "social_listener")

SOURCE_OF = MappingProxyType(
    {"chat": "chat_tool", "phone": "telephony", "email": "crm", "shop": "crm", "app": "crm", "web": "crm"}
)
"""Which tool tells the contacts of each channel."""

TALKS = frozenset({"chat", "phone"})
"""Channels on which a customer waits for a person; on the others nobody queues."""

_TALK = frozenset(
    {Cause.WAIT, Cause.REPEATED_STEP, Cause.CONTEXT_LOST, Cause.ABANDONED, Cause.COLD_TRANSFER, Cause.TRANSFER_FAILED}
)
VISIBLE = MappingProxyType(
    {
        "chat": _TALK | {Cause.CHANNEL_UNFIT, Cause.INCIDENT_NOT_TOLD, Cause.WRONG_ANSWER},
        "phone": _TALK | {Cause.MENU_LOOP, Cause.PAID_LINE, Cause.WRONG_ANSWER},
        "email": frozenset({Cause.WRONG_ANSWER}),
        "shop": frozenset({Cause.WRONG_ANSWER}),
        "app": frozenset({Cause.CHANNEL_UNFIT}),
        "web": frozenset({Cause.CHANNEL_UNFIT}),
    }
)
"""The causes each channel's tool can report: telephony never says whether a known incident was told, for one."""
