"""Texts from outside lose their secrets, and a secret shows itself to nobody by accident."""

from __future__ import annotations

import copy
import html
from urllib.parse import quote

import pytest

from jupyter_notebook_stop.redaction import HIDDEN, Secret, redact

VALUE = "Zm9vYmFy+/=.-_~0123"


@pytest.mark.parametrize(
    "text",
    [
        "x-security-token:{}\nx-project-id:0",
        "X-Security-Token: {}",
        "X-Auth-Token={}",
        '{{"X-Auth-Token": "{}"}}',
        "{{'security_token': '{}'}}",
        "securityToken={}&x=1",
        "Authorization: {}",
        "authorization: Bearer {}",
        "Authorization: Basic {}",
        "Proxy-Authorization: Basic {}",
        "Authorization: Negotiate {}",
        "Authorization: token {}",
        "SDK-HMAC-SHA256 Access={}, SignedHeaders=host",
        "SDK-HMAC-SHA256 Access=A, SignedHeaders=host, Signature={}",
        "accessKey: {}",
        "access_key_id={}",
        "AccessKeyId = {}",
        "secret={}",
        "secret_key: {}",
        "secretAccessKey={}",
        "ak={}",
        "SK: {}",
        "token={}",
        "http://host/lab?token={}&a=b",
        "auth_token={}",
    ],
)
def test_what_looks_like_a_secret_goes(text: str) -> None:
    shown = redact(text.format(VALUE))
    assert VALUE not in shown
    assert "Zm9v" not in shown
    assert HIDDEN in shown


LONG = "canary/sec+ret/sss=" + "".join(f"{number:x}" for number in range(100, 160)) + "/end+"


@pytest.mark.parametrize(
    "text",
    [
        LONG,
        LONG.replace("/", "\\/"),
        html.escape(LONG).replace("/", "&#x2F;").replace("+", "&#x2B;").replace("=", "&#x3D;"),
        quote(LONG, safe=""),
        quote(LONG),
        quote(LONG, safe="").replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d"),
        f'["x-other", "{LONG}"]',
        LONG.replace("/", "&#47;").replace("+", "&#43;").replace("=", "&#61;"),
        LONG.replace("/", "\\u002f").replace("+", "\\u002b").replace("=", "\\u003d"),
        LONG[:40],
        LONG[:-7] + "…",
    ],
)
def test_a_known_secret_goes_however_it_is_written(text: str) -> None:
    shown = redact(f"It was: {text} and no more", LONG)
    assert "canary" not in shown
    assert LONG[20:32] not in shown
    assert "and no more" in shown


def test_secrets_that_begin_alike_and_odd_ones() -> None:
    assert redact("v abcdefghijklmnoPQR", "abcdefgh", "abcdefghijklmnoPQR") == f"v {HIDDEN}"
    assert redact("*" * 100, "*", "**", "***") == "*" * 100
    assert "ABCDEFGHIJKLMNOPQ" not in redact("it was ABCDEFGHIJKLMNOPQRS", "ABCDEFGHIJKLMNOPQRST")


@pytest.mark.parametrize(
    "text",
    [
        "The instance does not exist.",
        "x-project-id:0123456789abcdef0123456789abcdef",
        "the token has expired",
        "SignedHeaders=content-type;host;x-project-id",
        "verify aksk signature fail",
        "task=42 risk: low",
    ],
)
def test_what_does_not_stays(text: str) -> None:
    assert redact(text) == text


def test_known_secrets_go_wherever_they_are() -> None:
    assert redact("a+b was sent with c", "a+b", "c", "") == f"{HIDDEN} was sent with {HIDDEN}"


def test_redacting_twice_changes_nothing() -> None:
    once = redact("Authorization: Basic abc, token=def", "xyz")
    assert redact(once, "xyz") == once


def test_a_secret_is_equal_to_itself_alone() -> None:
    secret = Secret("a")
    assert secret == Secret("a")
    assert hash(secret) == hash(Secret("a"))
    assert secret != Secret("b")
    assert secret != "a"
    assert copy.copy(secret) is secret
    assert copy.deepcopy(secret) is secret
    assert (bool(secret), bool(Secret(""))) == (True, False)
    assert secret.reveal() == "a"


def test_a_secret_keeps_its_length_to_itself() -> None:
    assert {repr(Secret(text)) for text in ("", "a", "a" * 99)} == {f"Secret('{HIDDEN}')"}
    assert f"{Secret('abc'):>10}" == f"{HIDDEN:>10}"
