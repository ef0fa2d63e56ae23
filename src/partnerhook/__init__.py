"""Keeps the true state of every WhatsApp Multi-Partner Solution."""

__version__ = "0.1.0"
