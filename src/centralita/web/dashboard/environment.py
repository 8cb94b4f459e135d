"""Templates: one Jinja environment a language, everything escaped where it lands, numbers and times as people write
them there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from centralita.i18n import gettext, ngettext
from centralita.services.wording import in_words
from centralita.web.dashboard import charts, static
from centralita.web.dashboard.event_words import SEVERITY_WORDS

if TYPE_CHECKING:
    from centralita.web.dashboard.page import Page

_TEMPLATES = Path(__file__).parent / "templates"
_UNITS_S = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


@lru_cache(maxsize=4)
def _environment(locale: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals.update(
        _=partial(_text, locale),
        ngettext=partial(_counted, locale),
        asset=static.address,
        words=partial(_words, locale),
    )
    made.globals.update(sparkline=charts.sparkline, histogram=charts.histogram, phases_bar=charts.phases)
    made.filters.update(
        ago=_ago,
        when=_when,
        number=partial(number, locale),
        ms=partial(ms, locale),
        span=span,
        size=partial(size, locale),
        severity=partial(_severity, locale),
        markdown=markdown,
    )
    return made


def rendered(template: str, page: Page, block: str, context: Mapping[str, Any]) -> str:
    """``template``, or one block of it, for ``page``."""
    found = _environment(page.locale).get_template(template)
    values = {"page": page, **context}
    if not block:
        return found.render(values)
    return "".join(found.blocks[block](found.new_context(values)))


def _filled(text: str, arguments: Mapping[str, Any]) -> str:
    """Arguments that are markup stay so; text becomes harmless."""
    return Markup(escape(text)).format(**arguments) if arguments else text  # noqa: S704  escaped just here


def _text(locale: str, msgid: str, **arguments: Any) -> str:
    return _filled(gettext(msgid, locale), arguments)


def _counted(locale: str, singular: str, plural: str, n: int, **arguments: Any) -> str:
    return _filled(ngettext(singular, plural, n, locale), {"n": number(locale, n), **arguments})


def _words(locale: str, reason: str, arguments: Mapping[str, Any] | None = None) -> str:
    """A message id in the reader's words."""
    return in_words(reason, arguments or {}, locale)


def _severity(locale: str, severity: str) -> str:
    """A severity's word; whatever else a sender wrote stays as it is."""
    return gettext(SEVERITY_WORDS[severity], locale) if severity in SEVERITY_WORDS else severity


def markdown(text: str) -> Markup:
    """The Markdown of an integration's page as HTML. HTML in it comes out as text, and links lead to http(s) only."""
    return Markup(_markdown().render(text))  # noqa: S704 - the renderer escapes what it did not make


@cache
def _markdown() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table")


def number(locale: str, value: float | None, digits: int = 0) -> str:
    """``1,284`` or ``1.284``; a dash for None."""
    if value is None:
        return "–"
    written = f"{value:,.{digits}f}"
    return written.translate(str.maketrans(",.", ".,")) if locale == "es" else written


def ms(locale: str, value: float | None) -> str:
    """Milliseconds with their unit, seconds from one second on."""
    if value is None:
        return "–"
    if value >= 1_000:
        return f"{number(locale, value / 1_000, 1)} s"
    return f"{number(locale, value, 1 if value < 10 else 0)} ms"


def size(locale: str, octets: float | None) -> str:
    """Bytes with their unit."""
    if octets is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if octets < 1_000:
            return f"{number(locale, octets, 0 if unit == 'B' else 1)} {unit}"
        octets /= 1_000
    return f"{number(locale, octets, 1)} GB"


def span(seconds: float | None) -> str:
    """A length of time in its largest unit: ``3 s``, ``12 min``, ``2 h``, ``5 d``."""
    if seconds is None:
        return "–"
    for unit, length in _UNITS_S:
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return "0 s"


def moment(at: str) -> datetime:
    """An RFC 3339 time."""
    return datetime.fromisoformat(at).astimezone(UTC)


def moment_of(at_s: float) -> datetime:
    """Seconds since 1970."""
    return datetime.fromtimestamp(at_s, UTC)


@pass_context
def _ago(context: Context, at: str) -> str:
    """How long ago an RFC 3339 time was, or how long it is until then."""
    page: Page = context["page"]
    past = page.now - moment(at).timestamp()
    text = gettext("{span} ago", page.locale) if past >= 0 else gettext("in {span}", page.locale)
    return text.format(span=span(abs(past)))


@pass_context
def _when(context: Context, at: str) -> str:
    """An RFC 3339 time in the reader's zone, to the second, with the zone's name."""
    page: Page = context["page"]
    return moment_in(at, page.zone)


def moment_in(at: str, zone: ZoneInfo) -> str:
    """An RFC 3339 time in a zone, to the second, with the zone's name."""
    there = moment(at).astimezone(zone)
    return there.strftime("%Y-%m-%d %H:%M:%S ") + (there.tzname() or "")
