"""``bench``: a quick measurement of this machine, on a hub that is thrown away."""

from __future__ import annotations

from typing import Annotated

import typer

from centralita.cli.commands import LOCAL, command
from centralita.cli.output import print_json, progress, say, table
from centralita.cli.words import _


def register(app: typer.Typer) -> None:
    """Adds the command."""
    command(
        app,
        "bench",
        LOCAL,
        _("Measure this machine: events through real sockets into a temporary hub, to a receiver beside it."),
        ["centralita bench", "centralita bench --events 20000 --connections 64 --json"],
    )(bench)


def bench(
    events: Annotated[int, typer.Option(min=100, max=1_000_000, help=_("Events to send."))] = 5_000,
    connections: Annotated[int, typer.Option(min=1, max=512, help=_("Connections that send at once."))] = 32,
    as_json: Annotated[bool, typer.Option("--json", help=_("For machines."))] = False,
) -> None:
    from centralita import logs
    from centralita.cli.measuring import measure
    from centralita.serving import run
    from centralita.settings import Logs

    close_logs = logs.configure(Logs(level="warning"))
    try:
        with progress(_("Measuring")):
            figures = run(measure(events, connections))
    finally:
        close_logs()
    if as_json:
        print_json(figures)
        return
    say(
        _("{events} signed events of {bytes} bytes, {connections} connections, SQLite, answered once on disk:").format(
            **figures
        )
    )
    rows = [
        (_("accepted, events/s"), f"{figures['accepted_per_s']:.0f}"),
        (_("answer, median ms"), f"{figures['ack_p50_ms']:.1f}"),
        (_("answer, 99th percentile ms"), f"{figures['ack_p99_ms']:.1f}"),
        (_("routed and delivered, events/s"), f"{figures['delivered_per_s']:.0f}"),
    ]
    table((_("Measure"), _("Value")), rows, right=[1])
    say(_("The sender and the receiver run on the same processors; make bench compares more carefully."))
