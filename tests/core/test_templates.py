"""Templates: what they render, that every value is escaped for its target, that none hangs or reads a clock."""

from __future__ import annotations

import html.parser
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from centralita.core import templates
from centralita.core.templates import FILTERS, Target, TemplateError, check, render

CONTEXT: dict[str, Any] = {
    "title": 'Disco <lleno> & "roto"',
    "ticket": {"id": "4521", "title": "Impresora", "n": 3, "share": 2.5, "vip": True, "nothing": None},
    "tags": ["a", "b", "c"],
    "cis": [{"name": "srv-1"}, {"name": "<srv-2>"}],
    "time": "2026-01-05T10:00:00Z",
    "epoch": 1767607200,
    "huge": 1e300,
}


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("#{{ ticket.id }}: {{ ticket.title }}", "#4521: Impresora"),
        ("{{ ticket.n }} {{ ticket.share }} {{ ticket.vip }}", "3 2.5 true"),
        ("[{{ ticket.nothing }}{{ missing.deeper }}]", "[]"),
        ("{{ ticket['title'] | upcase }} {{ cis[0].name }} {{ cis.last.name }}", "IMPRESORA srv-1 <srv-2>"),
        ("{% for ci in cis limit: 1 %}• {{ ci.name }}{% endfor %}", "• srv-1"),
        ("{% if ticket.n > 2 and ticket.vip %}yes{% else %}no{% endif %}", "yes"),
        ("{% case ticket.id %}{% when '4521' %}it{% endcase %}{% unless ticket.vip %}x{% endunless %}", "it"),
        ("{% assign x = ticket.id | prepend: 'SR-' %}{{ x }}{% comment %}no{% endcomment %}{% # no %}", "SR-4521"),
        ("{% liquid\n assign x = 1\n echo x | plus: 2 %}", "3"),
        ("{{ tags }} {{ tags | join: ', ' }} {{ tags | size }} {{ (1..3) }}", "abc a, b, c 3 1..3"),
        ("{{ ticket.nothing | default: 'none' }}", "none"),
        ("{{ ticket | size }}{{ cis }}", '6[{"name":"srv-1"},{"name":"<srv-2>"}]'),
        ("{{ time | date: '%d/%m/%Y %H:%M' }} {{ epoch | date: '%H:%M' }} {{ epoch | date }}",
         "05/01/2026 10:00 10:00 2026-01-05 10:00"),
        ("{{ 'soon' | date: '%Y' }} {{ huge | date: '%Y' }} {{ time | date: '%999999999Y' }}",
         "soon 1e+300 2026-01-05T10:00:00Z"),
        ("{{ 'a-b-c' | replace: '-', '+' }} {{ 'aXa' | replace: 'X' }}", "a+b+c aa"),
        ("{% raw %}{{ title }}{% endraw %}", "{{ title }}"),
        ("", ""),
    ],
)  # fmt: skip
def test_what_is_rendered(template: str, rendered: str) -> None:
    check(template, "text")
    assert render(template, CONTEXT, "text") == rendered


@pytest.mark.parametrize(
    ("target", "rendered"),
    [
        ("slack", '*Disco &lt;lleno&gt; &amp; "roto"*'),
        ("html", "*Disco &lt;lleno&gt; &amp; &quot;roto&quot;*"),
        ("json", '*Disco <lleno> & \\"roto\\"*'),
        ("text", '*Disco <lleno> & "roto"*'),
    ],
)
def test_values_are_escaped_for_the_target_and_the_template_is_not(target: Target, rendered: str) -> None:
    assert render("*{{ title }}*", CONTEXT, target) == rendered
    assert render("*{% echo title %}*", CONTEXT, target) == rendered
    assert render("{% liquid\n echo '*' \n echo title \n echo '*' %}", CONTEXT, target) == rendered
    assert render("<b>&", CONTEXT, target) == "<b>&"


def test_nobody_is_called_by_a_value() -> None:
    assert render("<!here> {{ x }}", {"x": "<!channel> <@U1> <http://x|y>"}, "slack") == (
        "<!here> &lt;!channel&gt; &lt;@U1&gt; &lt;http://x|y&gt;"
    )


HOSTILE = "<script>'\"&\\\n{{ x }}{% if %}\u2028</script>"


class Elements(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.found.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_no_filter_switches_escaping_off(name: str) -> None:
    arguments = {
        "default": ": x",
        "date": ": x",
        "append": ": x",
        "prepend": ": x",
        "replace": ": 'a', x",
        "join": ": x",
    }
    template = "{{ x | " + name + arguments.get(name, "") + " }}"
    for value in (HOSTILE, [HOSTILE], {"a": HOSTILE}, [{HOSTILE: 1}]):
        try:
            rendered = {target: render(template, {"x": value}, target) for target in ("slack", "html")}
            decoded = json.loads('"' + render(template, {"x": value}, "json") + '"')
        except TemplateError:
            continue
        assert isinstance(decoded, str)
        assert "<" not in rendered["slack"] + rendered["html"]
        assert '"' not in rendered["html"]


# Rendering makes line feeds of carriage returns, HTML does something of its own with NUL.
TEXTS = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]))


@given(TEXTS | st.lists(TEXTS, max_size=3) | st.dictionaries(TEXTS, TEXTS | st.none(), max_size=3))
def test_any_value_survives_html_and_json(value: object) -> None:
    plain = render("{{ x }}", {"x": value}, "text")
    assert json.loads(render('{"x": "{{ x }}"}', {"x": value}, "json")) == {"x": plain}
    page = Elements()
    page.feed(render("<p>{{ x }}</p>", {"x": value}, "html"))
    page.close()
    assert page.found == ["p"]
    assert page.text == plain


@pytest.mark.parametrize(
    ("template", "message_id", "line"),
    [
        ("a\n{% if %}", "template.syntax", 2),
        ("{% foo %}", "template.syntax", 1),
        ("a\nb\n{{ x | nope }}", "template.syntax", 3),
        ("{{ x", "template.syntax", 1),
        ("{% if x %}", "template.syntax", 0),
        ("{% include 'x' %}", "template.syntax", 1),
        ("{% render 'x' %}", "template.syntax", 1),
        ("{% capture x %}{% endcapture %}", "template.syntax", 1),
        ("{{ x | safe }}", "template.syntax", 1),
        ("{{ x | base64_decode }}", "template.syntax", 1),
        ("{{ x | escape }}", "template.syntax", 1),
        ("x" * 65_537, "template.too_long", 0),
        ("{% if a %}" * 40 + "{% endif %}" * 40, "template.limit", 1),
    ],
)
def test_what_cannot_be_compiled(template: str, message_id: str, line: int) -> None:
    for attempt in (lambda: check(template, "slack"), lambda: render(template, {}, "slack")):
        with pytest.raises(TemplateError) as caught:
            attempt()
        assert (caught.value.message_id, caught.value.line) == (message_id, line)


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in (1..100000) %}{% for j in (1..100000) %}x{% endfor %}{% endfor %}",
        "{% for i in (1..9000) %}{{ long }}{% endfor %}",
        "{% assign x = long %}{% for i in (1..50) %}{% assign x = x | append: x %}{% endfor %}",
        "{% assign l = tags %}{% for i in (1..50) %}{% assign l = l | concat: l %}{% endfor %}",
        "{{ long | replace: 'a', long | size }}",
        "{{ long | split: '' | join: long | size }}",
    ],
)
def test_limits(template: str) -> None:
    with pytest.raises(TemplateError) as caught:
        render(template, {**CONTEXT, "long": "a" * 10_000}, "text")
    assert caught.value.message_id == "template.limit"


def test_an_error_while_rendering_has_its_line_and_no_value() -> None:
    with pytest.raises(TemplateError) as caught:
        render("\n{{ secret | divided_by: 0 }}", {"secret": "xoxb-1"}, "text")
    assert (caught.value.message_id, caught.value.line) == ("template.failed", 2)
    assert "xoxb" not in str(caught.value)


def test_no_clock() -> None:
    template = "{{ now }}{{ today }}{{ 'now' | date: '%Y' }}{{ 'today' | date: '%Y' }}"
    assert render(template, {}, "text") == "nowtoday"
    assert render("{{ now }}", {"now": "2026"}, "text") == "2026"


PIECES = "{{ }} {% %} x title | append: ' if endif for in (1..3) endfor assign = . [ ] liquid echo date: < \n".split()


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.dictionaries(st.sampled_from(["x", "title"]), st.integers()))
def test_no_template_raises_anything_else(pieces: list[str], context: dict[str, Any]) -> None:
    try:
        render(" ".join(pieces), context, "html")
    except TemplateError as error:
        assert error.message_id.startswith("template.")


def test_liquid_is_imported_only_to_compile() -> None:
    script = f"import sys, {templates.__name__}; sys.exit('liquid' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
