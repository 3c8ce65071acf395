"""What is worth knowing of a test that failed: a failure that comes once in a hundred runs may not come again."""

from __future__ import annotations

import json
from typing import Any, Iterable, Iterator

from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..servers import Server
from .shared import SharedLab
from .tab import Tab


def evidence(fixtures: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Yield what servers, clouds and pages among these tell of themselves, each with a title."""
    for fixture in fixtures:
        if isinstance(fixture, Server):
            yield "server", f"{fixture.log.read_text(encoding='utf-8', errors='replace')}\n{_view(fixture)}"
        elif isinstance(fixture, ThreadedSimulator):
            yield "cloud", "\n".join(map(repr, fixture.requests))
        elif isinstance(fixture, Tab):
            complaints = (text.partition("\n")[0] for text in fixture.complaints)
            yield f"page {fixture.page.url}", "\n".join([*fixture.exchanges, *fixture.failures, *complaints])
        elif isinstance(fixture, SharedLab):
            yield from evidence([fixture.server, fixture.simulator, fixture._tab])


def _view(server: Server) -> str:
    try:
        return json.dumps(server.view(), indent=1)
    except (OSError, AssertionError) as error:
        return f"The server does not tell its view: {error!r}"
