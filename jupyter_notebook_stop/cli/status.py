"""``jupyter notebook-stop status``."""

from __future__ import annotations

from typing import Any, Dict

from jupyter_core.application import base_flags
from traitlets import Bool

from ..translation import _, encode_localized
from .command import DONE, Command, read


class StatusApp(Command):
    """Shows the instance."""

    name = "jupyter-notebook-stop-status"
    description = _("Show the notebook instance you work in.")
    examples = "jupyter notebook-stop status --json"

    json = Bool(False, help=_("Print one JSON object, as the local REST API returns it.")).tag(config=True)
    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_flags,
        "json": ({"StatusApp": {"json": True}}, _("Print one JSON object.")),
    }

    def run(self) -> int:
        """Print the instance."""
        import msgspec

        from ..notebook.rendering import instance_text

        instance = read(self.settings)
        print(
            msgspec.json.encode(instance, enc_hook=encode_localized).decode() if self.json else instance_text(instance)
        )
        return DONE
