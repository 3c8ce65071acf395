"""Placeholders for whatever names somebody, and the versions and codes that stay."""

from __future__ import annotations

import pytest

from jupyter_notebook_stop.pseudonyms import MAX_LINE, Pseudonyms, reveals_secret

ID = "7c0ffee0-1111-4222-8333-444455556666"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"GET /{ID}/x and {ID.upper()}", "GET /<id-1>/x and <id-1>"),
        ("project 0123456789abcdef0123456789abcdef", "project <id-1>"),
        ("ask alice@example.com or bob@example.com", "ask <email-1> or <email-2>"),
        ("from 10.1.2.3 to 127.0.0.1", "from <address-1> to 127.0.0.1"),
        ("/home/alice/work and /Users/bob/x", "/home/<user>/work and /Users/<user>/x"),
        ("key CANARYAK0123456789AB ends", "key <text-1> ends"),
        ("password=hunter22", "password=hunter22"),
        ("a\nb\x1b[2J", "a b [2J"),
    ],
)
def test_what_is_replaced(text: str, shown: str) -> None:
    assert Pseudonyms()(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "jupyter_notebook_stop 0.1.0, HTTP 403 [ModelArts.0112]",
        "Linux-6.1.0-18-amd64-x86_64-with-glibc2.36",
        "action_progress[].step_description - text",
        "endpoint: https://modelarts.cn-north-4.myhuaweicloud.com",
        "token - text (a UUID)",
        "12:00:00 ERROR failed (KeyError at handlers.py:120)",
    ],
)
def test_what_stays(text: str) -> None:
    assert Pseudonyms()(text) == text


def test_what_is_known_has_its_own_placeholder() -> None:
    pseudonyms = Pseudonyms(["hunter22"])
    pseudonyms.add("alice", "user")
    pseudonyms.add("alice in wonderland", "instance-name")
    pseudonyms.add("alice", "another")
    for common in ("1", "true", "0.1.0", "", None):
        pseudonyms.add(common, "nothing")
    assert pseudonyms("Alice in Wonderland is ALICE's; malice, 0.1.0") == "<instance-name> is <user>'s; malice, 0.1.0"
    assert "hunter22" not in pseudonyms("password is hunter22!")


def test_a_line_has_an_end() -> None:
    assert len(Pseudonyms()("word " * 100_000)) == MAX_LINE


@pytest.mark.parametrize(
    ("text", "away"),
    [
        ("open_sesame", True),
        ("Open-Sesame-Please-now", True),
        ("sesam", True),
        ("sesamstreet", False),
        ("open", False),
        ("status", False),
        ("opening", False),
    ],
)
def test_a_part_gives_a_secret_away(text: str, away: bool) -> None:
    assert reveals_secret(text, ["open/sesame+please", ""]) is away
