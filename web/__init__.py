"""What people and programs see: HTTP API, collector endpoints, pages, live updates, metrics, command line."""
