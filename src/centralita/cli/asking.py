"""Asking before something that can't be taken back."""

from __future__ import annotations

import sys

import typer

from centralita.cli.output import on_terminal
from centralita.cli.session import Failed
from centralita.cli.words import _


def confirm(yes: bool, question: str) -> None:
    """Asks, unless ``yes``; a no ends the command. Raises Failed when nobody is there."""
    if yes:
        return
    if not (sys.stdin.isatty() and on_terminal()):
        raise Failed(_("Nobody is there to ask: --yes says that it is meant."))
    typer.confirm(question, abort=True)
