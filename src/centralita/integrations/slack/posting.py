"""One delivery through the Web API: post the subject's message or change it, then what belongs into its thread.

A subject has one message per lane and episode, remembered under ``message_key``::

    channel, ts   where it is            locale     in whose language
    delivery      the last that touched it          events   how many events it tells of
    steps         how many of that delivery's messages are done: 1 the subject's own, 2 with its first reply...
    fresh         whether that delivery posted it   plain    whether Slack refused its blocks
    mentions      who was called         called     the same as Slack markup
    new           who of them by that delivery      aside      whether it stands in the fallback's channel
    taken         who took charge of the alert that it tells of, "" for nobody

It is committed after each message, so that an attempt goes on where the last one stopped; only the message in between
is searched for by its metadata, once there was an attempt that failed.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from centralita.core import payload
from centralita.core.events import PEOPLE, Event
from centralita.i18n import best_locale
from centralita.i18n import gettext as _
from centralita.integrations.slack import people
from centralita.integrations.slack.api import Answer, Api, Calls, Ended, detail_of, error_of, soft
from centralita.integrations.slack.blocks import Rendered, render, render_parts
from centralita.integrations.slack.errors import BAD_CONTENT, GONE_CHANNEL, GONE_MESSAGE, GONE_PERSON, judge
from centralita.integrations.slack.facts import Facts, read_facts
from centralita.integrations.slack.messages import Link
from centralita.integrations.slack.search import find_channel, find_message, metadata
from centralita.integrations.slack.settings import SlackSettings
from centralita.integrations.slack.story import Marks, begin_thread, marks_of, tell_change, tell_root
from centralita.ports import Delivery, Known, Outcome, Remember

PLACES = "slack:channel:"
WORKSPACE_KEY = "slack:workspace"
THREADS = "slack:thread:"
_CHANNEL_ID = re.compile(r"[CDG][A-Z0-9]{6,20}")
Record = dict[str, Any]


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a new message goes."""

    channel: str
    locale: str
    key: str
    """Under which its channel's id is remembered."""
    aside: bool = False


def channel_key(target: str) -> str:
    return f"{PLACES}{target.lower()}"


def thread_key(channel: str, ts: str) -> str:
    """Where it is remembered what the message at ``ts`` tells of: ``{source, subject, key}``, its record's key."""
    return f"{THREADS}{channel}:{ts}"


def message_key(lane: str, delivery: Delivery, episode: int) -> str:
    """Where a subject's message is remembered. What is about nothing in particular has a message of its own."""
    about = delivery.subject
    if not about.subject:
        return f"slack:message:{lane}:{delivery.id}"
    return f"slack:message:{lane}:{about.source}:{about.subject}:{episode}"


class Posting:
    """The work of one attempt."""

    def __init__(self, delivery: Delivery, settings: SlackSettings, known: Known, api: Api, lane: str) -> None:
        self.delivery, self.settings, self.known, self.api = delivery, settings, known, api
        self.effect = delivery.effect
        self.key = message_key(lane, delivery, delivery.subject.episode)
        # Also an answer that Slack's servers failed to give (5xx) may hide a message that was posted.
        self.in_doubt = delivery.uncertain or delivery.attempt > 1
        self.previous_key = message_key(lane, delivery, delivery.subject.episode - 1)
        # What the subject's message is drawn by: the event itself, or the one that it says something about.
        self.drawn = _drawn(delivery)
        self.taken = payload.text(delivery.event.data, "acknowledged.by", 200)

    def post(self) -> Calls[Outcome]:
        """The whole attempt. Raises Ended."""
        record = self.known.get(self.key)
        if isinstance(record, dict):
            self.taken = self.taken or str(record.get("taken") or "")
        if not isinstance(record, dict):
            record = yield from self._begin((yield from self._place()))
        elif record["delivery"] != self.delivery.id:
            record = yield from self._change(record)
        else:
            yield from self._reply(record, resumed=True)
        yield from self._mark(record)
        url = yield from self._workspace_url()
        return Outcome(state="delivered", reference=_permalink(url, record))

    # --- a new message ---------------------------------------------------------------------------------------------

    def _place(self) -> Calls[Place]:
        target = self.effect.target.strip()
        if not people.is_address(target):
            return self._channel(target)
        person = yield from people.find_person(self.api, target, self.known)
        if person is not None:
            locale = best_locale((person.locale or self.settings.locale or self.delivery.locale,))
            return Place(channel=person.channel, locale=locale, key=people.user_key(target))
        if not self.effect.fallback:
            raise Ended(_nobody(target))
        return msgspec.structs.replace(self._channel(self.effect.fallback.strip()), aside=True)

    def _channel(self, written: str) -> Place:
        key = channel_key(written)
        locale = self.settings.locale_of(written) or self.delivery.locale
        return Place(channel=self.known.get(key) or written, locale=best_locale((locale,)), key=key)

    def _begin(self, place: Place) -> Calls[Record]:
        mentions = yield from self._mentions(self.effect.mentions)
        answer: Answer = {}
        if self.in_doubt:
            answer = yield from self._found(place)
        plain = not self._uses_blocks
        if not answer:
            answer, plain = yield from self._post_new(place, mentions)
        record = {
            "channel": str(answer["channel"]),
            "ts": str(answer["ts"]),
            "locale": place.locale,
            "delivery": self.delivery.id,
            "events": self.delivery.subject.events,
            "steps": 1,
            "fresh": True,
            "plain": plain,
            "mentions": list(self.effect.mentions),
            "called": mentions,
            "new": "",
            "aside": place.aside,
            "taken": self.taken,
        }
        yield Remember(key=self.key, value=record, also=self._way_back(record))
        if place.key.startswith(PLACES) and self.known.get(place.key) != record["channel"]:
            yield Remember(key=place.key, value=record["channel"])
        yield from self._reply(record, resumed=False)
        return record

    def _way_back(self, record: Record) -> dict[str, Any]:
        about = self.delivery.subject
        if not about.subject:
            return {}
        found = {"source": about.source, "subject": about.subject, "key": self.key}
        return {thread_key(record["channel"], record["ts"]): found}

    def _found(self, place: Place) -> Calls[Answer]:
        channel = place.channel
        if not _CHANNEL_ID.fullmatch(channel):
            channel = yield from find_channel(self.api, channel)
        find = find_message(self.api, self.delivery, 0, channel, self._below.get("thread_ts", ""))
        ts = (yield from find) if channel else ""
        return {"channel": channel, "ts": ts} if ts else {}

    def _post_new(self, place: Place, mentions: str) -> Calls[tuple[Answer, bool]]:
        """The answer to the message's post, and whether it went as plain text."""
        for plain in (False, True) if self._uses_blocks else (True,):
            content = self._root(place.locale, mentions, place.aside, plain=plain, in_thread=False).content()
            answer = yield from self._send({"channel": place.channel, **self._below, **content}, 0)
            error = error_of(answer)
            if not error:
                return answer, plain
            if error not in BAD_CONTENT:
                break
        if error in GONE_CHANNEL | GONE_PERSON and self.known.get(place.key):
            yield Remember(key=place.key, value=None)
            raise Ended(Outcome(state="retry", reason=f"slack.{error}", failure=False))
        if error in GONE_PERSON:
            raise Ended(_nobody(self.effect.target))
        raise Ended(judge(error, detail_of(answer)))

    # --- a change of one that is there -----------------------------------------------------------------------------

    def _change(self, record: Record) -> Calls[Record]:
        """Brings the message to the newest state and tells the change in its thread."""
        names = tuple(name for name in self.effect.mentions if name not in record["mentions"])
        new = yield from self._mentions(names)
        record = {
            **record,
            "delivery": self.delivery.id,
            "steps": 1,
            "fresh": False,
            "mentions": [*record["mentions"], *names],
            "called": f"{record['called']} {new}".strip(),
            "new": new,
            "taken": self.taken,
        }
        # A replayed or late event is told in the thread, but does not turn the message back; nor does one of ours
        # that is only about the subject, unless it says how to draw it.
        draws = self._is_the_subjects_own or self.drawn is not self.delivery
        if draws and self.delivery.subject.events >= record["events"]:
            record["events"] = self.delivery.subject.events
            is_there = yield from self._update(record)
            if not is_there:
                return (yield from self._begin((yield from self._place())))
        yield Remember(key=self.key, value=record)
        yield from self._reply(record, resumed=False)
        return record

    def _update(self, record: Record) -> Calls[bool]:
        """False when the message can't be changed any more. Sets ``plain`` when its blocks were refused."""
        in_thread = self._replies_in_thread
        for plain in (False, True) if self._uses_blocks and not record["plain"] else (True,):
            content = self._root(
                record["locale"], record["called"], record["aside"], plain=plain, in_thread=in_thread
            ).content()
            target = {"channel": record["channel"], "ts": record["ts"], "metadata": metadata(self.delivery, 0)}
            answer = yield from self.api.call("chat.update", {**target, **content})
            error = error_of(answer)
            if not error:
                record["plain"] = plain
                return True
            if error not in BAD_CONTENT:
                break
        if error in GONE_MESSAGE:
            return False
        raise Ended(judge(error, detail_of(answer)))

    # --- the thread ------------------------------------------------------------------------------------------------

    def _reply(self, record: Record, *, resumed: bool) -> Calls[None]:
        """What of this delivery belongs into the thread and is not there yet."""
        texts = self._replies(record)
        for part, text in enumerate(texts, 1):
            if part < record["steps"]:
                continue
            is_there = ""
            if resumed and self.in_doubt and part == record["steps"]:
                is_there = yield from find_message(self.api, self.delivery, part, record["channel"], record["ts"])
            if not is_there:
                yield from self._send_reply(record, text, part)
            # What is still to be asked for may have to wait for a rate: then this message must be known to be done.
            if part < len(texts) or self._marks(record) != Marks() or WORKSPACE_KEY not in self.known:
                record["steps"] = part + 1
                yield Remember(key=self.key, value=dict(record))

    def _send_reply(self, record: Record, text: str, part: int) -> Calls[None]:
        arguments = {"channel": record["channel"], "thread_ts": record["ts"], "text": text}
        answer = yield from self._send(arguments, part)
        error = error_of(answer)
        if error in GONE_MESSAGE:
            # The next attempt posts the message anew.
            yield Remember(key=self.key, value=None)
            raise Ended(Outcome(state="retry", reason=f"slack.{error}", failure=False))
        if error:
            raise Ended(judge(error, detail_of(answer)))

    def _replies(self, record: Record) -> list[str]:
        locale = record["locale"]
        facts = self._facts(locale)
        if record["fresh"]:
            rendered = self._root(locale, record["called"], record["aside"], plain=record["plain"], in_thread=False)
            opening = begin_thread(facts) if self._replies_in_thread else []
            return [*opening, *render_parts(rendered.overflow, _page(facts), locale)]
        if not self._replies_in_thread or self._was_said_there(record):
            return []
        change = tell_change(facts, self.settings.public_url)
        rendered = render(change, record["new"], locale, use_blocks=False, threads=True)
        return [rendered.text, *render_parts(rendered.overflow, _page(facts), locale)]

    # --- what all of them need -------------------------------------------------------------------------------------

    @property
    def _is_the_subjects_own(self) -> bool:
        event, subject = self.delivery.event, self.delivery.subject
        return (event.source, event.subject) == (subject.source, subject.subject)

    def _was_said_there(self, record: Record) -> bool:
        """Whether the event is a comment that somebody wrote in this very thread (``comment.message``)."""
        return payload.text(self.delivery.event.data, "comment.message").startswith(f"{record['channel']}:")

    @property
    def _below(self) -> dict[str, str]:
        """Somebody's message in whose thread a new one goes, as the effect says (``thread_ts``)."""
        ts = payload.text(self.effect.arguments, "thread_ts", 40)
        return {"thread_ts": ts} if ts else {}

    @property
    def _uses_blocks(self) -> bool:
        return self.effect.formatting.get("use_blocks") is not False

    @property
    def _replies_in_thread(self) -> bool:
        return self.effect.formatting.get("thread_replies") is not False

    def _mark(self, record: Record) -> Calls[None]:
        marks = self._marks(record)
        for method, names in (("reactions.add", marks.put), ("reactions.remove", marks.take)):
            for name in names:
                mark = {"channel": record["channel"], "timestamp": record["ts"], "name": name}
                yield from soft(self.api.call(method, mark), dict)

    def _marks(self, record: Record) -> Marks:
        return marks_of(self._facts(record["locale"])) if self.effect.formatting.get("emoji_reactions") else Marks()

    def _facts(self, locale: str) -> Facts:
        return read_facts(self.delivery, locale, self.settings.public_url)

    def _root(self, locale: str, mentions: str, aside: bool, *, plain: bool, in_thread: bool) -> Rendered:
        facts = read_facts(self.drawn, locale, self.settings.public_url)
        facts = msgspec.structs.replace(facts, acknowledged=self.taken if facts.phase != "closed" else "")
        notes = self._link_to_previous(locale)
        # In the fallback's channel is nobody who could answer.
        buttons = self.settings.interactive and not (aside and facts.audience == "approver")
        desk = self.settings.desk
        message = tell_root(
            facts, self.settings.public_url, in_thread=in_thread, notes=notes, buttons=buttons, desk=desk
        )
        if aside:
            name = facts.people[self.effect.audience] if self.effect.audience in PEOPLE else ""
            note = _("For {name}, who is not in Slack.", locale).format(name=name or self.effect.target)
            message = msgspec.structs.replace(message, lead=f"{note} {message.lead}".strip())
        return render(message, mentions, locale, use_blocks=not plain, threads=True)

    def _link_to_previous(self, locale: str) -> tuple[Link, ...]:
        workspace, previous = self.known.get(WORKSPACE_KEY), self.known.get(self.previous_key)
        if self.delivery.subject.episode < 2 or not isinstance(previous, dict) or not isinstance(workspace, dict):
            return ()
        url = _permalink(str(workspace.get("url", "")), previous)
        return (Link(_("Previous message", locale), url),) if url else ()

    def _mentions(self, names: tuple[str, ...]) -> Calls[str]:
        return (yield from people.mention(self.api, names, self.known, self.delivery.attempt))

    def _send(self, arguments: dict[str, Any], part: int) -> Calls[Answer]:
        quiet = {"unfurl_links": False, "unfurl_media": False, "metadata": metadata(self.delivery, part)}
        return (yield from self.api.call("chat.postMessage", {**arguments, **quiet}))

    def _workspace_url(self) -> Calls[str]:
        known = self.known.get(WORKSPACE_KEY)
        if isinstance(known, dict):
            return str(known.get("url", ""))
        answer = yield from soft(self.api.call("auth.test", {}), dict)
        url = str(answer.get("url") or "") if answer.get("ok") else ""
        if url:
            yield Remember(key=WORKSPACE_KEY, value={"url": url})
        return url


def _drawn(delivery: Delivery) -> Delivery:
    root = delivery.effect.arguments.get("root")
    return msgspec.structs.replace(delivery, event=msgspec.convert(root, Event)) if root else delivery


def _nobody(address: str) -> Outcome:
    return Outcome(state="skipped", reason="slack.user_not_found", detail=address, failure=False)


def _page(facts: Facts) -> Link | None:
    return Link(_("View details", facts.locale), facts.page) if facts.page else None


def _permalink(workspace_url: str, record: Record) -> str:
    """The address of a message; as ``chat.getPermalink`` gives it, without asking."""
    if not workspace_url.startswith(("https://", "http://")):
        return ""
    return f"{workspace_url.rstrip('/')}/archives/{record['channel']}/p{record['ts'].replace('.', '')}"
