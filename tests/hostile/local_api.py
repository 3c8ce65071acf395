"""What the tests ask of the local API."""

from __future__ import annotations

from typing import Any, List

from jupyter_notebook_stop.simulator import ThreadedSimulator

VERBS: List[tuple[str, str, Any]] = [
    ("GET", "instance", None),
    ("POST", "stop", {}),
    ("DELETE", "stop/a1", None),
    ("PUT", "stop/a1/tabs/t1", {"state": "here"}),
    ("GET", "report", None),
]
"""Method, path and body of each request that there is; an empty body stands for that of a stop."""


def body_for(simulator: ThreadedSimulator, body: Any) -> Any:
    """Return a body as it is sent, in which a stop names the stand-in's instance."""
    return {"instance_id": simulator.instance_id, "save": "none"} if body == {} else body
