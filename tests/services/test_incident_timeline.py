"""An incident as a Markdown document, for whoever opens it in whatever shows HTML."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

from centralita.core.incidents import Incident, Item, Who
from centralita.services.incident_timeline import as_markdown
from centralita.store.incidents import Entry

CANARY = "<img src=x onerror=alert(1)> [press](javascript:alert(1)) ![](https://canary.test/x) `a` | b | # c <b>"


def test_what_people_wrote_is_text_in_the_document() -> None:
    item = Item(id="ci_1", name=f"db {CANARY}")
    incident = Incident(
        number=1, priority="high", title=f"Printer {CANARY}", description=f"It fails.\n{CANARY}\n# no heading",
        state="open", assignee=Who(name=f"Ana {CANARY}"), reporter=Who(name=f"Luis {CANARY}"), affected=(item,),
        created_at=1.0, updated_at=1.0,
    )  # fmt: skip
    said = Entry(at=2.0, kind="comment", who=f"Sam {CANARY}", text=f"{CANARY}\n## no heading")
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(as_markdown(incident, [said], "en"))
    assert html.count("&lt;img src=x onerror=alert(1)&gt;") == 7
    assert set(re.findall(r"<(\w+)", html)) <= {"h1", "h2", "ul", "li", "strong", "p", "blockquote", "br"}, html
    assert len(re.findall(r"<h[12]", html)) == 2
