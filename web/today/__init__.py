"""Today: customers to call, gaps to explain, experiments to decide, and how it is going."""
