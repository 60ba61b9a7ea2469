"""History in: a user's export, read through a mapping, becomes interactions in the log.

The way of a row: ``lines`` (a file's bytes) → ``reader`` (rows and rejects) → ``events`` (CloudEvents, as the
``mapping`` says) → ``staging`` (by time, on disk where it must be) → ``importing`` (appended in chunks that survive a
kill). ``check`` tries a mapping on a sample. The language of mappings is told in ``docs/mappings.md``; those we ship
are in ``mappings/``.
"""
