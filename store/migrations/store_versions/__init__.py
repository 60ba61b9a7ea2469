"""Steps of ``store.db``."""
