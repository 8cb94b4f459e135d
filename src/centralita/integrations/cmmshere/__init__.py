"""CMMShere, maintenance of clients' assets."""
