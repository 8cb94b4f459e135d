"""Rich text (HTML) as plain text that reads well in a message: paragraphs, lists, tables as ``cell | cell``, links.

The input is written by strangers and up to 1 MiB long, so it is read in one pass, in linear time. The parsers at hand
are quadratic on hostile input (``html.parser`` of Python 3.11 takes minutes for 100 KB of ``<a ``). Nothing is lost by
it: the result is text, shown escaped, so a tag that is misread is ugly but never dangerous.
"""

from __future__ import annotations

import html
import re

from centralita.core.attributes import web_url

_PARAGRAPHS = frozenset("p table ul ol dl blockquote pre h1 h2 h3 h4 h5 h6 hr".split())
_LINES = frozenset("div tr li dt dd section article header footer body html tbody thead".split())
_CELLS = frozenset(("td", "th"))
_INLINE = frozenset("br a abbr b big code em font i img kbd mark s small span strike strong sub sup tt u".split())
_UNSEEN = frozenset(("script", "style", "head", "title"))
_KNOWN = _PARAGRAPHS | _LINES | _CELLS | _INLINE | _UNSEEN

# Neither class crosses a "<": each attempt ends at the next one, so the whole search is linear.
_TAG = re.compile(r"<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]{0,10})(?P<rest>(?:[\s/][^<>]*)?)>|(?P<comment><!--)")
_HREF = re.compile(r"\bhref\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
# Between the words while they are put together; what a sender writes of them is taken as a break as well.
_PARAGRAPH, _LINE = "\x1d", "\x1e"
_BLANKS = re.compile(r"[ \t\r\f\v\u00a0]+")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,31}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")


def plain_text(text: str) -> str:
    """``text`` without markup when it is HTML, else as it is (with its entities resolved)."""
    if not any(tag["name"] and tag["name"].lower() in _KNOWN for tag in _TAG.finditer(text)):
        return (html.unescape(text) if _ENTITY.search(text) else text).replace("\u00a0", " ").strip()
    return _tidy("".join(_pieces(text)))


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    at, link, verbatim = 0, "", False
    while tag := _TAG.search(text, at):
        pieces.append(_words(text[at : tag.start()], verbatim))
        at, name = tag.end(), (tag["name"] or "").lower()
        if tag["comment"]:
            at = text.find("-->", at) + 3 if text.find("-->", at) >= 0 else len(text)
        elif name not in _KNOWN:
            pieces.append(html.unescape(tag[0]))
        elif name in _UNSEEN and not tag["end"]:
            end = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, at)
            at = end.end() if end else len(text)
        elif name == "a":
            pieces.append(f" ({link})" if tag["end"] and link and link not in "".join(pieces[-3:]) else "")
            link = "" if tag["end"] else _link(tag["rest"])
        else:
            verbatim = name == "pre" and not tag["end"] if name == "pre" else verbatim
            pieces.append(_break(name, bool(tag["end"])))
    return [*pieces, _words(text[at:], verbatim)]


def _words(text: str, verbatim: bool) -> str:
    text = html.unescape(text)
    return text if verbatim else re.sub(r"\s+", " ", text)


def _link(attributes: str) -> str:
    found = _HREF.search(attributes)
    return web_url(html.unescape(found[1])) if found else ""


def _break(name: str, end: bool) -> str:
    if name in _CELLS:
        return " | " if end else ""
    if name == "br":
        return "\n"
    if name in _PARAGRAPHS:
        return _PARAGRAPH
    return (_LINE if end or name != "li" else f"{_LINE}• ") if name in _LINES else ""


def _tidy(text: str) -> str:
    written: list[str] = []
    line_ends, paragraph = 0, False
    for piece in re.split(r"([\x1d\x1e\n])", text):
        if piece in (_PARAGRAPH, _LINE, "\n"):
            paragraph = paragraph or piece == _PARAGRAPH
            line_ends += piece == "\n"
            continue
        line = _BLANKS.sub(" ", piece).strip()
        line = line.removesuffix("|").rstrip()
        if line and line != "•":
            written.append(("\n\n" if paragraph or line_ends > 1 else "\n") + line)
            line_ends, paragraph = 0, False
    return "".join(written).strip()
