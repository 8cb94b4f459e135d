"""One folder per outside system; ``registry`` knows them all. Sans-I/O: none touches the store, the network, a clock."""
