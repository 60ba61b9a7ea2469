"""What the engine on Kafka and PostgreSQL does in a second, beside others, on one broker and database in one run."""
