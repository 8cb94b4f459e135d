"""Grafana: its alerts as a source."""
