"""A throw-away PostgreSQL: for tests, benchmarks, fault campaigns, and whoever wants to try one."""
