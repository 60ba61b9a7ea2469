"""The worst journeys of a period, told as prose with their Δ table."""
