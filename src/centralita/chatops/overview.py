"""The hub's own command: how it is, what happened, what can be done."""

from __future__ import annotations

import re
from typing import Any

from centralita.chatops.context import Context
from centralita.chatops.handlers import ANYBODY, Handler, Said
from centralita.chatops.views import overview as views
from centralita.chatops.views.notices import section, usage
from centralita.core import mrkdwn
from centralita.core.attributes import SEVERITY_WORDS, word
from centralita.i18n import N_
from centralita.i18n import gettext as _
from centralita.services import cis, events, standing, tickets
from centralita.store.events import Filter as EventFilter
from centralita.store.records import Filter

MOST_FOUND, MOST_ROWS = 5, 25
MOST_SPANS = 366
_SPAN = re.compile(r"(\d{1,4})(h|d|w|s)")
_SPANS_S = {"h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0, "s": 7 * 86_400.0}
"""Hours, days and weeks (``s``: semanas)."""


async def help_(context: Context) -> None:
    """Every command, each with what it does."""
    from centralita.chatops.registry import commands

    main, blocks = context.hub.settings.slack.command, []
    for name, words in commands().items():
        blocks.append(section(usage(main if name == "/centralita" else name, words, context.locale)))
    text = _("What can be done here:", context.locale)
    await context.say(text, [section(f"*{text}*"), *blocks])


async def status(context: Context) -> None:
    """How things stand."""
    found = await standing.standing(context.hub)
    title = _("Centralita System Status", context.locale)
    await context.say(title, views.standing(found, context.hub.clock.now(), context.locale))


async def search(context: Context) -> None:
    """Configuration items, tickets and events that are called so, as far as the person may see them."""
    hub, locale, may = context.hub, context.locale, context.principal.may
    text = mrkdwn.as_typed(context.arguments.text)
    if len(word(text)) < 2:
        raise Said(_("What is to be looked for? For example: {example}", locale).format(example="`search erp`"))
    called = await standing.events_called(hub, text, MOST_FOUND)
    wanted = Filter(kind="ticket", text=text)
    known = (await tickets.listing(hub, wanted, MOST_FOUND, ""))[0] if may("ticket.read") else []
    items = [hit.ci for hit in await cis.search(hub, text, MOST_FOUND)] if may("ci.read") else []
    blocks = views.hits(called, known, items, hub.settings.server.public_url or "", locale)
    shown = mrkdwn.escape(mrkdwn.cut(mrkdwn.clean(text), 100))
    if not blocks:
        raise Said(_("Nothing is called “{text}”.", locale).format(text=shown))
    title = _("What is called “{text}”:", locale).format(text=shown)
    await context.say(title, [section(title), *blocks])


async def report(context: Context) -> None:
    """The newest events of a type or severity, since when."""
    hub, locale = context.hub, context.locale
    wanted: dict[str, Any] = {"since": hub.clock.now() - 86_400.0}
    for given in context.arguments.words:
        span = _SPAN.fullmatch(given.lower())
        if span is not None:
            wanted["since"] = hub.clock.now() - min(int(span[1]), MOST_SPANS) * _SPANS_S[span[2]]
        elif word(given) in SEVERITY_WORDS:
            wanted["severity"] = SEVERITY_WORDS[word(given)]
        elif "." in given:
            wanted["type"] = given
        else:
            text = _("{word} is no severity, no event type and no time such as 24h or 7d.", locale)
            raise Said(text.format(word=f"`{mrkdwn.escape(mrkdwn.cut(given, 60))}`"))
    found = await events.find(hub, EventFilter(**wanted), None, MOST_ROWS, "")
    if not found.items:
        raise Said(_("Nothing of that kind has happened in this time.", locale))
    title = _("What has happened, the newest first:", locale)
    await context.say(title, [section(title), views.report(found.items, locale)])


HANDLERS = (
    Handler(kind="event", name="app_mention", permission=ANYBODY, run=help_),
    Handler(
        kind="command",
        name="/centralita status",
        permission="event.read",
        run=status,
        help=N_("shows how the hub is, and what is open"),
        aliases=("estado",),
    ),
    Handler(
        kind="command",
        name="/centralita search",
        permission="event.read",
        run=search,
        help=N_("looks for CIs, tickets and events"),
        usage=N_("erp"),
        aliases=("buscar",),
    ),
    Handler(
        kind="command",
        name="/centralita report",
        permission="report.read",
        run=report,
        help=N_("lists what has happened lately, of a type or severity"),
        usage=N_("[ticket.created|critical] [24h|7d]"),
        aliases=("informe", "reporte"),
    ),
    Handler(
        kind="command",
        name="/centralita help",
        permission=ANYBODY,
        run=help_,
        help=N_("shows what can be done here"),
        aliases=("ayuda", "?"),
    ),
)
