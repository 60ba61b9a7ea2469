"""What Prometheus scrapes: counters from the store's own rows, so that what was rolled back is not counted."""
