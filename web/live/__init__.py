"""Live updates: pages hear when something was folded, and fetch what they show anew."""
