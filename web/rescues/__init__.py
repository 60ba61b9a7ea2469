"""Whom to call now, before they give up; and who takes the call."""
