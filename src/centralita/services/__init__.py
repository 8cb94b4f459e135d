"""Use cases: what the hub does, on the store and the seams."""
