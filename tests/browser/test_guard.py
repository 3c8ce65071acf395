"""The guard covers the browser too."""

from __future__ import annotations

from ..conftest import GUARD_LOG
from .conftest import OpenTab, StartServer


def test_a_page_reaches_no_other_machine(start_server: StartServer, open_tab: OpenTab) -> None:
    tab = open_tab(start_server({}).address("lab"), ready=".jp-Launcher")
    for url in ("http://192.0.2.1/", "http://modelarts.invalid/"):
        reached = tab.page.evaluate(
            "url => fetch(url, { mode: 'no-cors', signal: AbortSignal.timeout(3000) }).then(() => true, () => false)",
            url,
        )
        assert reached is False
        assert url in GUARD_LOG.read_text(encoding="utf-8")
    GUARD_LOG.write_text("", encoding="utf-8")
