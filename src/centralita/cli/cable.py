"""One event as a cable: who was put through to whom, a lamp at each hop, and the time between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from centralita.cli.output import LAMPS, ago, lit, painted, plain, took
from centralita.cli.words import LOCALE, _
from centralita.services.cable import End, cable_of
from centralita.services.wording import explained, in_words

Detail = Mapping[str, Any]


def lines_of(detail: Detail) -> list[str]:
    """The whole page: the sentence, the cable, the attempts, and why each rule matched or did not."""
    lines = [*_brief(detail), ""]
    lines += _attempts(detail["deliveries"])
    lines += _why(detail["rules"])
    lines += _skipped(detail["skipped"])
    return [plain_line(line) for line in lines]


def understood(detail: Detail) -> list[str]:
    """What was understood of an event, which rules match, and where it goes."""
    lines = [*_brief(detail)]
    if detail["matched"]:
        lines.append(f"  {_('Rules')}: {', '.join(detail['matched'])}")
    lines += _skipped(detail["skipped"])
    return [plain_line(line) for line in lines]


def _brief(detail: Detail) -> Iterator[str]:
    event = detail["event"]
    head = f"{_('Event')}  {painted(event['type'], 'bold')}"
    yield head + (f"  “{event['title']}”" if event.get("title") else "")
    facts = [event["id"], ago(event["time"]), event.get("subject") or "", event.get("severity") or ""]
    yield "  " + " · ".join(fact for fact in facts if fact)
    yield ""
    yield from _cable(detail)


def plain_line(line: str) -> str:
    """Without a stranger's control characters; our own colours stay."""
    parts = line.split("\x1b[")
    kept = [plain(parts[0])]
    for part in parts[1:]:
        code, mark, rest = part.partition("m")
        kept.append(f"\x1b[{code}m{plain(rest)}" if mark and code.isdigit() else plain(part))
    return "".join(kept)


def _cable(detail: Detail) -> Iterator[str]:
    cable = cable_of(detail)
    rules = _("{matched} of {count} rules").format(matched=cable.matched, count=cable.rules)
    on, taken = lit("flowing"), took(cable.routed_ms)
    start = f"  {plain(cable.source)} {on}──{taken and f' {taken} ──'}{on} {_('event')} ──{on} {rules} "
    ends = [_end(end) for end in cable.ends]
    if not ends:
        yield f"{start}──{lit('off')} {_('nobody is told')}"
        return
    indent = " " * _width(start)
    for index, end in enumerate(ends):
        joint = "──" if len(ends) == 1 else "──┬──" if index == 0 else "  └──" if index == len(ends) - 1 else "  ├──"
        yield f"{start if index == 0 else indent}{joint}{end}"


def _end(end: End) -> str:
    symbol, colour, word = LAMPS.get(end.state, ("○", "bright_black", end.state))
    taken = took(end.took_ms)
    says = [end.label]
    if end.state == "delivered":
        says.append(end.reference)
    else:
        says += [_(word), in_words(end.reason, {}, LOCALE) if end.reason else ""]
        says.append(ago(end.due_at) if end.attempts else "")
    return f"{taken and f' {taken} ──'}{painted(symbol, colour)} " + "  ".join(part for part in says if part)


def _width(line: str) -> int:
    """Columns of a line on the terminal, colours left out."""
    count, inside = 0, False
    for character in line:
        if character == "\x1b":
            inside = True
        elif inside:
            inside = character != "m"
        else:
            count += 1
    return count


def _attempts(deliveries: Sequence[Detail]) -> Iterator[str]:
    tried = [delivery for delivery in deliveries if delivery["tries"]]
    if not tried:
        return
    yield _("Attempts")
    for delivery in tried:
        for attempt in delivery["tries"]:
            outcome = {"delivered": "delivered", "retry": "held", "dead": "dead", "skipped": "skipped"}
            mark = lit(outcome.get(attempt["outcome"], "off"))
            status = str(attempt["status"] or attempt["error"] or "")
            reason = explained(attempt["reason"], attempt["detail"], LOCALE)
            said = "  ".join(part for part in (status, reason) if part)
            took = f"{attempt['elapsed_ms']:.0f} ms"
            yield f"  {mark} {delivery['id']}  {delivery['lane']}  #{attempt['number']}  {took:>8}  {said}".rstrip()
            if attempt["id"] and attempt["outcome"] != "delivered":
                yield f"      centralita webhook attempt {attempt['id']}"
    yield ""


def _why(rules: Sequence[Detail]) -> Iterator[str]:
    yield _("Why")
    width = min(40, max((len(rule["name"]) for rule in rules), default=0))
    for rule in rules:
        reasons = "; ".join(in_words(why["id"], why["arguments"], LOCALE) for why in rule["why"])
        yield f"  {lit('flowing' if rule['matched'] else 'off')} {rule['name']:<{width}}  {reasons}"


def _skipped(skipped: Sequence[Detail]) -> Iterator[str]:
    for each in skipped:
        reason = in_words(each["reason"], {}, LOCALE)
        yield f"  {lit('skipped')} {each['rule']}: {each['target']} {reason}"
