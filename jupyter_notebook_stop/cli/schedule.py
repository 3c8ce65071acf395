"""``jupyter notebook-stop schedule``."""

from __future__ import annotations

from typing import Any, Dict, Optional

from jupyter_core.application import base_aliases, base_flags
from traitlets import Bool, Unicode

from ..translation import _, encode_localized, gettext
from .command import DONE, USAGE, Command

_WHEN_IDLE = _("Stop when no kernel is busy, no terminal runs a program, and nobody has used the instance for a while.")
_CANCEL = _("Cancel the scheduled stop.")
_JSON = _("Print one JSON object, as the local REST API returns it.")


class ScheduleApp(Command):
    """Has the instance stopped later."""

    name = "jupyter-notebook-stop-schedule"
    description = _(
        "Have the Jupyter server stop this instance later, or show what is scheduled.\n\nBefore the instance stops,"
        " every open tab counts down and saves. A new schedule replaces the current one."
    )
    examples = _(
        "jupyter notebook-stop schedule                            # show what is scheduled\n"
        "jupyter notebook-stop schedule --when-idle --grace 20min  # when idle for 20 min\n"
        "jupyter notebook-stop schedule --at 23:30                 # a time of day here\n"
        "jupyter notebook-stop schedule --at 2030-01-31T23:30+08:00\n"
        "jupyter notebook-stop schedule --after 2h\n"
        "jupyter notebook-stop schedule --cancel"
    )

    when_idle = Bool(False, help=_WHEN_IDLE).tag(config=True)
    grace = Unicode(
        None,
        allow_none=True,
        help=_("With --when-idle: how long the instance must be idle, such as 10min or 600 (seconds)."),
    ).tag(config=True, value="DURATION")
    at = Unicode(
        None,
        allow_none=True,
        help=_(
            "Stop at this time: 23:30, or a date and time such as 2030-01-31T23:30, with a zone or in the local one."
        ),
    ).tag(config=True, value="TIME")
    after = Unicode(
        None, allow_none=True, help=_("Stop when this long has passed: 2h, 90min, 1h30m, or a number of seconds.")
    ).tag(config=True, value="DURATION")
    cancel = Bool(False, help=_CANCEL).tag(config=True)
    json = Bool(False, help=_JSON).tag(config=True)

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_flags,
        "when-idle": ({"ScheduleApp": {"when_idle": True}}, _WHEN_IDLE),
        "cancel": ({"ScheduleApp": {"cancel": True}}, _CANCEL),
        "json": ({"ScheduleApp": {"json": True}}, _JSON),
    }
    aliases: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_aliases,
        "grace": "ScheduleApp.grace",
        "at": "ScheduleApp.at",
        "after": "ScheduleApp.after",
    }

    def run(self) -> int:
        """Schedule a stop, cancel it, or show it."""
        import msgspec

        from ..notebook.display import choose_display
        from ..notebook.options import dashed, schedule_options
        from ..notebook.schedule import cancel_schedule, set_schedule, show_schedule
        from ..notebook.worker import run

        when = "idle" if self.when_idle else None
        try:
            options = schedule_options(when, self.at, self.after, self.grace, spelled=dashed)
        except ValueError as error:
            self._print_error(gettext("{text}.", text=error))
            return USAGE
        if self.cancel and options is not None:
            self._print_error(gettext("--cancel cannot be combined with other options."))
            return USAGE
        settings, display = self.settings, choose_display()
        if options is not None:
            response = run(lambda show: set_schedule(settings, options, show), display)
        elif self.cancel:
            response = run(lambda show: cancel_schedule(settings), display)
        else:
            response = run(lambda show: show_schedule(settings), display)
        print(msgspec.json.encode(response, enc_hook=encode_localized).decode() if self.json else self._text(response))
        return DONE

    def _text(self, response: Any) -> str:
        from ..notebook.schedule import cancelled
        from ..notebook.schedule_rendering import ON_TERMINAL, no_schedule_text, schedule_text

        shown: Optional[Any] = cancelled(response) if self.cancel else response.schedule
        if shown is None:
            return no_schedule_text(response.rules)
        replaced = None if self.cancel else response.replaced
        return schedule_text(shown, replaced=replaced, rules=response.rules, cancel=ON_TERMINAL)
