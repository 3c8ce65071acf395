"""What the report of a failed browser test has."""

from __future__ import annotations

from jupyter_notebook_stop.simulator import ThreadedSimulator

from .conftest import OpenTab, Server, Tab
from .evidence import evidence
from .shared import SharedLab
from .steps import LAB, expect_phase, stop_from_palette


def test_it_tells_what_page_server_and_cloud_did(
    instance_server: Server, simulator: ThreadedSimulator, open_tab: OpenTab, tabs: list[Tab]
) -> None:
    tab = open_tab(instance_server.address("lab"), ready=LAB)
    stop_from_palette(tab.page)
    expect_phase(tab.page, "accepted")
    titles, texts = zip(*evidence([instance_server, simulator, *tabs, object()]))
    assert titles == ("server", "cloud", f"page {tab.page.url}")
    server, cloud, page = texts
    assert "Serving notebooks" in server
    assert '"phase": "accepted"' in server
    assert "operation='stop'" in cloud
    assert '"state":"saved"' in page
    instance_server.kill()
    assert "The server does not tell its view" in dict(evidence([instance_server]))["server"]


def test_it_tells_what_a_shared_page_did(lab: SharedLab) -> None:
    url = lab.page.url
    titles = [title for title, _ in evidence([lab])]
    assert titles == ["server", "cloud", f"page {url}"]
