"""Scenarios: TOML files that say who does what and what must come of it, and a player for them."""
