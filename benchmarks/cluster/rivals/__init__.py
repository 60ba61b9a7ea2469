"""One program per contender; each reads a topic to its end and says how fast, in a process of its own.

None imports anything of ours, so that each can run in an environment that holds its own library alone.
They share a protocol: ``BOOTSTRAP``, ``TOPIC`` and ``EVENTS`` in the environment, one JSON object on the last line of
standard output: ``{"events", "seconds", "processor"}``, counted from the first event seen to the last.
"""
