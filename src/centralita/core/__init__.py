"""Pure decisions: no I/O, no clock, no randomness of its own. Ids, now and jitter are arguments."""
