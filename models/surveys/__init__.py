"""What answers to surveys say, each measure with its interval: NPS, CSAT, CES, and the mean of the silent too."""
