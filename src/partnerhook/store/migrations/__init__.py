"""Alembic migrations: written by hand, forward only, expand then contract."""
