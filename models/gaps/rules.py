"""The numbers that decide when a gap is seen, confirmed and closed (docs/method.md §3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GapRules:
    """Defaults are the shipped ones; all days are calendar days unless said otherwise."""

    floor_days: int = 14
    """Days with data before anything is confirmed."""
    floor_units: int = 30
    floor_groups: int = 10
    """Customer groups with data: at least that many customers."""
    restart: int = 42
    """Evidence starts afresh this often: the error stated is per six weeks."""
    stagger: int = 14
    """A period of evidence begins this often, so that several run abreast and a slump meets a young one."""
    declared_alpha: float = 0.05
    searched_alpha: float = 0.10
    baseline: int = 56
    """Days of own past: the same weekdays of the 8 weeks before."""
    at_target: int = 28
    """The last days that must be at target before a gap closes."""
    reopen: int = 180
    """A gap confirmed again within this many days is the old one: what closed it did not hold."""
    accept: int = 90
    """The longest a gap may be accepted for."""
    seen_z: float = 1.0
    """A declared target's shortfall of one standard error is shown as seen …"""
    seen_days: int = 7
    """… from so many days with data on; before, only when its burn rate is too high."""

    @property
    def abreast(self) -> int:
        """How many periods of evidence run side by side."""
        return self.restart // self.stagger


DEFAULT = GapRules()
