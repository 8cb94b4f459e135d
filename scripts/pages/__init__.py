"""What ``generate_docs.py`` writes: one module for each kind of page, each a function of the code alone."""
