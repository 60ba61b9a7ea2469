"""Live scores of every scope, with n, interval, the share said by customers, and the causes."""
