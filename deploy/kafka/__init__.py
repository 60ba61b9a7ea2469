"""A real Apache Kafka on this machine, from Maven's jars, for development, tests and measurements."""
