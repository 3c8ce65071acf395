"""What each public function begins with, and ends with."""

from __future__ import annotations

from typing import Tuple, TypeVar

from ..config import CONFIG_NAME, NotebookStop
from ..schema import Instance, Schedule
from ..translation import set_language
from .display import Bundle, Display, choose_display, register_formatters, suppress_next_display
from .progress import Report

R = TypeVar("R", Instance, Report, Schedule)


def read_config() -> NotebookStop:
    """Return the settings in Jupyter's configuration files, for a process that is not a Jupyter application."""
    from jupyter_core.application import JupyterApp

    app = JupyterApp(config_file_name=CONFIG_NAME)
    app.load_config_file()
    config = NotebookStop(config=app.config)
    set_language(config.locale)
    return config


def begin() -> Tuple[NotebookStop, Display]:
    """Return what each call needs: the settings, and the display; what it returns will be shown richly."""
    register_formatters()
    return read_config(), choose_display()


def shown(result: R, bundle: Bundle, display: Display) -> R:
    """Show a result now, and not once more as the last expression of the cell."""
    display.result(bundle)
    display.close()
    suppress_next_display(result)
    return result
