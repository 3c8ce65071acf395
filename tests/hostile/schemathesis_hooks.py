"""Keeps what schemathesis is answered, for the search for secrets."""

from __future__ import annotations

import pathlib
from typing import Any

import schemathesis


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    with pathlib.Path("answers.log").open("ab") as file:
        file.write(f"{response.status_code} {response.headers} ".encode() + response.content + b"\n")
