"""Assignments: which arm a customer gets, for programs that ask; the exposure is recorded when they ask for it."""
