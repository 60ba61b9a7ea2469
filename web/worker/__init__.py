"""What a worker says of itself over HTTP: whether it lives, whether it is ready, and its own metrics.

What the store says of all workers together is told by the process that serves the pages.
"""
