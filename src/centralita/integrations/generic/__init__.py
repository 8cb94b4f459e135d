"""Anything that can POST: a mapping in the configuration, CloudEvents, Standard Webhooks, presets."""
