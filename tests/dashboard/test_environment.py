"""What templates are given beside Jinja's own."""

from __future__ import annotations

from centralita.web.dashboard.environment import markdown


def test_markdown_becomes_what_it_says_and_no_html_of_its_own() -> None:
    page = markdown(
        "1. Open *x*: <img src=x onerror=alert(1)>\n\n   | a | b |\n   |---|---|\n   | [y](javascript:z) | 2 |\n"
    )
    assert "<ol>" in page and "<em>x</em>" in page and "<td>2</td>" in page
    assert "<img" not in page and "href" not in page
