"""InvGate's two APIs as generators: they yield the request that ``net.py`` makes and are sent its response."""
