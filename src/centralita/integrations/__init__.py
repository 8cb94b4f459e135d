"""One folder per outside system; ``registry`` knows them all. Sans-I/O: no store, no network, no clock."""
