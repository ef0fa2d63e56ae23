"""The admin listener: for people and scrapers, not for the internet."""
