"""Steps of ``log.db``."""
