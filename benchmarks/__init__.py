"""What ``benchmarks/RESULTS.md`` claims, measured: ``python -m benchmarks [row ...]``.

Every figure is a ratio against something that ran in the same minutes on the same machine, in turns (A B A B), each
side a process of its own; the median of the rounds counts.
"""
