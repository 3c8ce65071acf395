"""An extension that does nothing: what Jupyter itself takes to load one."""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp


class BareExtension(ExtensionApp):
    """Adds nothing."""

    name = "bare_extension"


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    return [{"module": "benchmarks.bare_extension", "app": BareExtension}]
