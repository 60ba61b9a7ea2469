"""How Ressenti runs, beside the program itself: brokers, images, dashboards; no part of the distribution."""
