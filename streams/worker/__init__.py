"""The second engine: Faust agents over Kafka that fold chunks into the store, many workers side by side.

Everything that imports faust, mode or aiokafka is in here. The rule by which chunks become checkpoints is not: that is
``streams.folding``, the same for both engines.
"""
