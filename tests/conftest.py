"""Servers that tests of several rooms use; each starts when the first test asks for it."""

pytest_plugins = ["tests.servers.kafka", "tests.servers.postgres", "tests.servers.workers"]
