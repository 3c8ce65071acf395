"""Secrets that are easy to find again, and a stand-in of the cloud that takes them."""

from __future__ import annotations

from typing import Iterator

import pytest

from jupyter_notebook_stop.simulator import ThreadedSimulator

AK, SK = "CANARYAK0123456789AB", "canary-sk-0123456789abcdefghijklmnopqrstuv"
SECURITY, TOKEN = "canary-security-token/+=/" + "s" * 900, "canary-auth-token-" + "t" * 300
JUPYTER = "canary-jupyter-token-0123456789"
CANARIES = (AK, SK, SECURITY, TOKEN, JUPYTER, "canary-", "CANARYAK")

ECHO = (
    f"Incorrect IAM authentication information: canonicalRequest:POST\n/v1/\n\nx-security-token:{SECURITY}\n"
    f'x-auth-token: {TOKEN}\nAuthorization: SDK-HMAC-SHA256 Access={AK}, Signature=abc "token": "{JUPYTER}"'
)
"""What was sent can be echoed, named or not; the Jupyter token too where it is named."""


@pytest.fixture
def simulator() -> Iterator[ThreadedSimulator]:
    with ThreadedSimulator(step_seconds=0.02, lock_after=None) as running:
        running.keys.add(AK, SK, SECURITY)
        running.keys.add_token(TOKEN)
        running.instance.token = JUPYTER
        yield running
