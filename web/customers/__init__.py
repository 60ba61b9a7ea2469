"""One customer: the story so far, with both ledgers; the person stays visible behind the data."""
