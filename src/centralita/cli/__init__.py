"""Every command, one file for each noun. ``centralita --help`` is the manual."""

from __future__ import annotations
