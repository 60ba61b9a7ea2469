"""The collector over HTTP: bodies in, a verdict for each event out."""
