"""Imports what Jupyter servers import by and by, for all that are forked from this process.

Of this package it imports nothing: what that loads, and when, is under test.
"""

from __future__ import annotations

import contextlib
import functools
import gc
import importlib
import json
import pathlib
import sys
from typing import Any, Dict, Set

import kernel_ports

SERVICES = ("api", "config", "contents", "events", "kernels", "kernelspecs", "nbconvert", "security", "sessions")

MODULES = (
    *("jupyterlab.labapp", "notebook.app", "jupyter_lsp", "jupyter_server_terminals"),
    *(f"jupyter_server.services.{name}.handlers" for name in SERVICES),
    *("jupyter_server.services.shutdown", "jupyter_server.kernelspecs.handlers", "jupyter_server.nbconvert.handlers"),
    *("jupyter_server.view.handlers", "jupyter_lsp.virtual_documents_shadow", "notebook_shim.nbserver"),
    *("jupyter_core.migrate", "traitlets.config.argcomplete_config", "tornado.platform.asyncio", "jinja2.ext"),
    *("anyio._backends._asyncio", "babel.dates", "babel.numbers", "httpcore", "msgspec"),
    *("IPython", "ipykernel.kernelspec"),
)
"""Not each version of these packages has all of them."""

SETTINGS = "jupyterlab_server.settings_utils"


def remember_schemas() -> None:
    """Have JupyterLab check each schema once: it checks all of them whenever a page asks for its settings."""
    jsonschema, lab, settings = map(importlib.import_module, ("jsonschema", "jupyterlab.commands", SETTINGS))
    usual = settings.Validator
    checked: Set[str] = set()

    def check_once(schema: Dict[str, Any]) -> None:
        text = json.dumps(schema)
        if text not in checked:
            usual.check_schema(schema)
            checked.add(text)

    remembering: Any = functools.partial(usual)
    remembering.check_schema = check_once
    vars(settings)["Validator"] = remembering
    for path in pathlib.Path(lab.get_app_dir(), "schemas").rglob("*.json"):
        # What is no schema is for a server to say.
        with contextlib.suppress(ValueError, jsonschema.SchemaError):
            check_once(json.loads(path.read_text(encoding="utf-8")))


for name in MODULES:
    with contextlib.suppress(ImportError):
        importlib.import_module(name)
with contextlib.suppress(ImportError):
    remember_schemas()
kernel_ports.use_own_ports()
sys.path[:] = [path for path in sys.path if path != str(pathlib.Path(__file__).parent)]
# What is frozen no search for garbage goes through: it would take a copy of all this memory for each server.
gc.collect()
gc.freeze()
