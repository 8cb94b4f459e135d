"""What the steps of the first run do: each is a form of its own, and each service is the one that the API calls."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Query, Request, Response

from centralita.core.rules import RulesError
from centralita.i18n import N_, ngettext
from centralita.i18n import gettext as _
from centralita.services import (
    events,
    first_run,
    replays,
    rule_changes,
    rules,
    slack_channels,
    slack_setup,
    source_changes,
    source_trial,
    sources,
)
from centralita.services.access import Refused
from centralita.services.hub import Hub
from centralita.services.keys import KeyFault
from centralita.services.replays import NotFound
from centralita.services.rules import DryRun
from centralita.services.slack_installations import Tokens
from centralita.services.slack_setup import SlackRefused, SlackUnavailable
from centralita.services.source_changes import Faulty, Handover, InTheWay, NewSource
from centralita.services.source_setup import instructions, trial
from centralita.services.source_watch import until
from centralita.services.wording import explained, in_words
from centralita.store.events import Filter
from centralita.web.auth import hub_of
from centralita.web.dashboard import forms
from centralita.web.dashboard.access import needs, person_of
from centralita.web.dashboard.forms import Form
from centralita.web.dashboard.page import Flash, locale, page_of, redirect, render
from centralita.web.dashboard.setup import CHANNELS_S, STEPS, coming, done_of, page, said_of
from centralita.web.dashboard.sources import KEEP_S

router = APIRouter()

LAST = 1000
"""Events that the preview of a rule looks at."""
ARRIVAL_S = 8.0
"""So long the answer waits until the message has arrived; the page goes on looking."""
_AUTH = "bearer"
"""How a sender without a kind of its own proves itself: a header that every tool can set."""


@router.post("/setup/slack", dependencies=[needs("slack.manage")])
async def connect_slack(request: Request) -> Response:
    """Verifies the tokens at Slack, and keeps them."""
    hub, form = hub_of(request), await forms.read(request)
    person = await person_of(request)
    language, actor = locale(request, person), person.principal.actor
    tokens = Tokens(**{name: form.get(name) for name in Tokens.__struct_fields__})
    if not tokens.bot_token:
        form.fault("bot_token", _("Without it the app can't write.", language))
        return await page(request, "slack", form=form, status=422)
    try:
        made = await slack_setup.connect(hub, actor, tokens)
    except SlackRefused as refused:
        for fault in refused.faults:
            form.fault(fault.at, in_words(fault.reason, {}, language))
    except SlackUnavailable as fault:
        form.fault("", _unavailable(fault, language))
    except InTheWay as fault:
        form.fault("", in_words(fault.reason, fault.arguments, language))
    if form.faults:
        return await page(request, "slack", form=form, status=422)
    name = {"name": made.installation.name or made.installation.team_id}
    if made.missing_scopes:
        said = Flash(N_("The workspace {name} is connected, but the app may not do everything yet."), name, "held")
        return redirect(request, "/setup?step=slack", said)
    return redirect(request, "/setup", Flash(N_("The workspace {name} is connected."), name))


def _unavailable(fault: SlackUnavailable, language: str) -> str:
    """That nothing was kept, and why; what the network says of it comes last, in its own language."""
    if fault.reason == "slack.ratelimited":
        return explained(fault.reason, fault.detail, language)
    why = in_words(fault.reason, {}, language)
    said = f"{_('Slack does not answer.', language)} {why} {_('Nothing was kept.', language)}"
    return f"{said} ({fault.detail})" if fault.detail else said


@router.post("/setup/source", dependencies=[needs("source.manage")])
async def add_source(request: Request) -> Response:
    """Adds it, and shows what is to be entered at the sender, this once."""
    hub, form = hub_of(request), await forms.read(request)
    person = await person_of(request)
    language, actor = locale(request, person), person.principal.actor
    kind = form.get("kind")
    settings = {"auth": _AUTH} if kind == "generic" else {}
    slug = form.get("slug") or kind
    try:
        _source, handover = await source_changes.add(hub, actor, NewSource(kind, slug, "", settings, ""))
    except (InTheWay, Refused) as fault:
        if await _is_the_same(hub, fault, slug, kind):
            said = Flash(
                N_("The source {source} is there already. Its secret was shown once."), {"source": slug}, "held"
            )
            return redirect(request, f"/setup?step=source&source={slug}", said)
        at = "kind" if fault.reason == "source.kind_unknown" else "slug"
        form.fault(at, in_words(fault.reason, fault.arguments, language))
    except Faulty as fault:
        for each in fault.faults:
            path, _colon, reason = each.partition(": ")
            form.fault("kind", f"{path}: {in_words(reason, {}, language)}")
    except KeyFault as fault:
        form.fault("", f"{in_words(fault.reason, {}, language)} {fault.place}")
    if form.faults:
        return await page(request, "source", form=form, status=422)
    return await _handed_over(request, slug, handover)


async def _is_the_same(hub: Hub, fault: InTheWay | Refused, slug: str, kind: str) -> bool:
    """Whether the form was sent twice: its source is there, and nothing has come by it yet."""
    if fault.reason != "source.taken" or slug not in hub.sources or hub.sources[slug].kind != kind:
        return False
    found = await sources.detail(hub, slug)
    return found is not None and not found.source.accepted


async def _handed_over(request: Request, slug: str, handover: Handover) -> Response:
    hub, language = hub_of(request), locale(request, await person_of(request))
    kind = hub.sources[slug].kind
    steps = "\n".join(instructions(kind, handover.address, language))
    tried = trial(kind, handover, language)
    return await page(request, "source", source=slug, handover=handover, steps_there=steps, trial=tried)


@router.post("/setup/secret", dependencies=[needs("source.manage")])
async def show_another_secret(request: Request) -> Response:
    """Makes another secret for a source whose first one nobody wrote down, and shows it this once."""
    hub, form = hub_of(request), await forms.read(request)
    person, slug = await person_of(request), form.get("source")
    found = await sources.detail(hub, slug)
    if found is None:
        return redirect(request, "/setup?step=source")
    keep_s = KEEP_S if found.source.accepted else 0.0
    try:
        handover = await source_changes.add_secret(hub, person.principal.actor, slug, "", keep_s)
    except (InTheWay, Faulty, KeyFault) as fault:
        reason = fault.faults[0].rpartition(": ")[2] if isinstance(fault, Faulty) else fault.reason
        given = fault.arguments if isinstance(fault, InTheWay) else {}
        said = in_words(reason, given, locale(request, person))
        return redirect(request, "/setup?step=source", Flash("{said}", {"said": said}, "failed"))
    return await _handed_over(request, slug, handover)


@router.get("/setup/arrived", dependencies=[needs("source.read")])
async def arrived(request: Request, source: str = Query(max_length=63)) -> Response:
    """What has come from a source: the part of the page that looks again by itself."""
    hub = hub_of(request)
    found = await sources.detail(hub, source)
    if found is None:
        raise LookupError(source)
    done = done_of(await first_run.progress(hub))
    shown = await page_of(request, **said_of(done, locale(request, await person_of(request))))
    came = await coming(hub, found) | {"polled": True}
    return await render(request, "setup/arrived.html", shown, block="arrived", **came)


@router.post("/setup/example", dependencies=[needs("source.manage")])
async def send_example(request: Request) -> Response:
    """Signs one of the kind's examples as the sender would, and takes it in."""
    hub, form = hub_of(request), await forms.read(request)
    slug = form.get("source")
    sent = await _send_example(hub, (await person_of(request)).principal.actor, slug)
    text = N_("An example went in by {source}.") if sent else N_("{source} has no example to send.")
    flash = Flash(text, {"source": slug}, lamp="flowing" if sent else "held")
    return redirect(request, f"/setup?step=source&source={slug}" if slug in hub.sources else "/setup", flash)


async def _send_example(hub: Hub, actor: str, slug: str) -> str:
    """The id of the event that it became; "" for none."""
    found = await sources.detail(hub, slug)
    if found is None or not found.fixtures:
        return ""
    try:
        sent = await source_trial.send_fixture(hub, actor, slug, found.fixtures[0], ARRIVAL_S)
    except ValueError:  # it can't be signed
        return ""
    return sent.events[0] if sent.events else ""


@router.post("/setup/rule", dependencies=[needs("rule.manage")])
async def add_rule(request: Request) -> Response:
    """Shows what the rule would have done, or adds it."""
    hub, form = hub_of(request), await forms.read(request)
    person = await person_of(request)
    language, actor = locale(request, person), person.principal.actor
    given = {"name": form.get("name"), "condition": form.get("condition"), "channel": form.get("channel")}
    if not given["channel"]:
        form.fault("channel", _("Into which channel? For example #alerts.", language))
    elif form.get("warned") != given["channel"] and await _is_unseen(hub, given["channel"]):
        said = _(
            "The app sees no channel {channel} in Slack. If it is private, invite the app; then add the rule.", language
        )
        form.fault("channel", said.format(channel=given["channel"]))
    preview: DryRun | None = None
    if not form.faults:
        try:
            if form.get("do") == "add" and rule_changes.read(given) in hub.ruleset.specs:  # the form was sent twice
                return redirect(request, "/setup", _in_force(given["name"]))
            preview = await _preview(hub, given)
            if form.get("do") == "add":
                await rule_changes.add(hub, actor, given)
                return redirect(request, "/setup", _in_force(given["name"]))
        except RulesError as error:
            _note(form, error, language)
        except InTheWay as fault:
            form.fault("name", in_words(fault.reason, fault.arguments, language))
    more: dict[str, Any] = {}
    if preview is not None and not form.faults:
        more = {"preview": preview, "previewed": _previewed(preview, given["channel"], language)}
    return await page(request, "rule", form=form, status=422 if form.faults else 200, **more)


async def _is_unseen(hub: Hub, channel: str) -> bool:
    """Whether Slack tells its channels, and this is none of them: most often a slip."""
    known = await slack_channels.channel_names(hub, CHANNELS_S) if channel.startswith("#") else ()
    return bool(known) and channel.lower() not in known


def _in_force(name: str) -> Flash:
    return Flash(N_("The rule {name} is in force: the next event is decided by it."), {"name": name})


def _note(form: Form, error: RulesError, language: str) -> None:
    for problem in error.problems:
        at = problem.key if problem.key in ("name", "condition", "channel") else ""
        form.fault(at, in_words(problem.id, problem.arguments, language), problem.point)


async def _preview(hub: Hub, given: dict[str, str]) -> DryRun:
    """What the newest events would have led to. Raises RulesError."""
    spec = rule_changes.read(given)
    found = list(rule_changes.problems(hub, spec))
    if found:
        raise RulesError(found)
    changed = rules.changed_rules(hub, {"rule": given})
    after = await rules.cursor_before_last(hub, Filter(), LAST)
    return await rules.dry_run(hub, changed, Filter(), LAST, after)


def _previewed(preview: DryRun, channel: str, language: str) -> str:
    if not preview.events:
        return _("There is no event yet to try it on.", language)
    said = ngettext(
        "{n} of {events} events would have gone to {channel}.",
        "{n} of {events} events would have gone to {channel}.",
        preview.changed,
        language,
    )
    return said.format(events=preview.events, n=preview.changed, channel=channel)


@router.post("/setup/message", dependencies=[needs("event.replay")])
async def send_message(request: Request) -> Response:
    """Has an event decided by today's rules: the newest one, else an example of the source; waits for its arrival."""
    hub, form = hub_of(request), await forms.read(request)
    actor, slug = (await person_of(request)).principal.actor, form.get("source")
    found = await events.find(hub, Filter(source=slug), None, 1, "") if slug in hub.sources else None
    if found is None or not found.items:
        event = await _send_example(hub, actor, slug)
    else:
        event = found.items[0].id
        try:
            await replays.of_event(hub, actor, event, "reroute")
        except NotFound:
            event = ""
    if not event:
        return redirect(request, "/setup?step=source", Flash(N_("There is no event yet to send."), lamp="held"))
    await _settled(hub, event)
    return redirect(request, f"/setup?step=message&event={event}")


async def _settled(hub: Hub, event: str) -> None:
    """Waits until every delivery of the event has ended, but not for ever."""

    async def look() -> bool | None:
        found = await events.detail(hub, event)
        return True if found is None or all(each.finished_at for each in found.deliveries) else None

    await until(hub, (event.removeprefix("evt_").partition("_")[0],), ARRIVAL_S, look, always=True)


@router.get("/setup/sent", dependencies=[needs("event.read")])
async def sent(request: Request, event: str = Query(max_length=40)) -> Response:
    """Where the message is: the part of the page that looks again until it has arrived."""
    found = await events.detail(hub_of(request), event)
    if found is None:
        raise LookupError(event)
    shown = await page_of(request)
    return await render(request, "setup/sent.html", shown, block="sent", sent=found)


@router.get("/setup/{step}", dependencies=[needs("settings.read")])
async def open_step(request: Request, step: str) -> Response:
    """The address that a form's answer leaves in the browser, opened anew."""
    return redirect(request, f"/setup?step={step}" if step in STEPS else "/setup")
