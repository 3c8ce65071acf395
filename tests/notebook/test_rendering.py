"""What is shown of an instance."""

from __future__ import annotations

from jupyter_notebook_stop.notebook.rendering import instance_html, instance_text
from jupyter_notebook_stop.schema import Instance, Lease


def test_the_auto_stop_is_no_news_while_the_instance_is_stopping() -> None:
    for status, shown in ((None, True), ("RUNNING", True), ("STOPPING", False)):
        instance = Instance(id="id", status=status, lease=Lease(type="timing", expires_at=1_700_000_000_000))
        assert ("Auto-stop" in instance_text(instance)) is shown
        assert ("Auto-stop" in instance_html(instance)) is shown
