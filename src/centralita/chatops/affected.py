"""What an incident affects, chosen in its form: from the CMDB as somebody types, or as they typed it."""

from __future__ import annotations

from typing import Any

from centralita.chatops.context import Context
from centralita.chatops.views.incidents import AFFECTED, OPTION_LIMIT, fits, option
from centralita.core.attributes import one_line
from centralita.core.incidents import Item
from centralita.core.payload import items, text
from centralita.services import cis
from centralita.services.cis import NoCi

MOST_OFFERED = 20
_ID = "ci_"


async def suggest_affected(context: Context) -> None:
    """The CIs that are called nearly so; behind them what was typed, for what the CMDB does not know."""
    typed = one_line(str(context.body.get("value") or ""), OPTION_LIMIT)
    found = [hit.ci for hit in await cis.search(context.hub, typed, MOST_OFFERED)] if typed else []
    offered = [option(" · ".join(part for part in (ci.name, ci.type) if part), ci.id) for ci in found]
    known = typed.casefold() in (name.casefold() for ci in found for name in (ci.name, ci.external_id))
    if fits(typed) and not known:
        offered.append(option(typed, typed))
    await context.ack(options=offered)


async def chosen_items(context: Context) -> tuple[Item, ...]:
    """What the form names; CIs by the id that their source has for them."""
    state: Any = (context.view.get("state") or {}).get("values") or {}
    chosen = items(state, f"affected.{AFFECTED}.selected_options")
    found = [await _item(context, text(each, "value"), text(each, "text.text")) for each in chosen]
    return tuple({each.id: each for each in found if each.id}.values())


async def _item(context: Context, value: str, shown: str) -> Item:
    if not value.startswith(_ID):
        return Item(id=value, name=shown if shown != value else "")
    try:
        ci = (await cis.show(context.hub, value)).ci
    except NoCi:  # deleted since it was offered
        return Item(id=shown)
    return Item(id=ci.external_id or ci.name, name=ci.name)
