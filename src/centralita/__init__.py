"""Centralita: a self-hosted event hub for service desks."""

__version__ = "0.1.0"
