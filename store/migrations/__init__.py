"""How the two databases' schemas came about, step by step; run by ``store.migrating``.

``store_versions`` is the lineage of ``store.db``, ``log_versions`` that of ``log.db``. To add a step: change the
tables, write the next file in the lineage's folder, raise its number in ``store.migrating.HEADS``; tests compare.
"""
