"""Bodies whose author chose the names: one name however written, settings first, links that are safe."""

from __future__ import annotations

import pytest

from centralita.core.fields import mapped
from centralita.core.ticket_bodies import MAP, TicketBody, host_link, is_host, link_of, loosened


def test_keys_become_one_way_of_writing_and_the_first_of_two_stays() -> None:
    said = {"ticketId": 1, "Ticket ID": 2, "Título": "x", "a": {"bC": [{"dE": 1}]}}
    assert loosened(said) == {"ticket_id": 1, "titulo": "x", "a": {"b_c": [{"dE": 1}]}}


def test_a_setting_comes_before_the_usual_names() -> None:
    body = {"title": "usual", "caso": {"Asunto": "own"}}
    assert TicketBody(body, MAP).text("title") == "usual"
    assert TicketBody(body, mapped(MAP, {"title": "caso.Asunto"})).text("title") == "own"
    assert TicketBody(body, mapped(MAP, {"title": ["nowhere", "caso.asunto"]})).text("title") == "own"


@pytest.mark.parametrize(
    ("said", "person"),
    [
        ("Ana Gómez <ana@x.example>", {"name": "Ana Gómez", "email": "ana@x.example"}),
        ("ana@x.example", {"email": "ana@x.example"}),
        ("Ana", {"name": "Ana"}),
        ("-", {}),
        (["Ana"], {}),
    ],
)
def test_a_person_out_of_one_text(said: object, person: dict[str, str]) -> None:
    assert TicketBody({"requester": said}, MAP).person("requester") == person


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://a.example/1", "https://a.example/1"),
        ("a.example/agent/1", "https://a.example/agent/1"),
        ("javascript:alert(1)", ""),
        ("user@a.example/1", ""),
        ("words", ""),
    ],
)
def test_a_link_may_lack_its_scheme_but_nothing_else(text: str, link: str) -> None:
    assert link_of(text) == link


def test_a_host_makes_a_link_only_with_a_number() -> None:
    assert host_link("a.example", "/t/{number}", "7/../8") == "https://a.example/t/7%2F..%2F8"
    assert host_link("http://a.example:8080/", "/t/{number}", "7") == "http://a.example:8080/t/7"
    assert host_link("a.example", "/t/{number}", "") == host_link(None, "/t/{number}", "7") == ""
    assert [is_host(value) for value in ("a.example", "https://a.example/x", "a b", 7)] == [True, False, False, False]
