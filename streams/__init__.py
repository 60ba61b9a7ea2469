"""How events flow: collector rules, logs, the processors, the engine, dead letters, outbox."""
