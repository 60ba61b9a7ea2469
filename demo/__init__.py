"""A simulated French telecom whose truth is known, and the story of docs/method.md, event by event.

The demo, the tests and the benchmarks listen to it as they would to a real company.
"""
