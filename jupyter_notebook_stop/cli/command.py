"""What the commands have in common: settings, exit codes, and errors as plain lines."""

from __future__ import annotations

import sys
from typing import Any, Iterator, List

from jupyter_core.application import JupyterApp
from traitlets import TraitError, default

from ..config import CONFIG_NAME, NotebookStop
from ..errors import (
    CancelledStopError,
    CredentialsError,
    IdentityError,
    NotebookStopError,
    NotInInstanceError,
    SaveError,
)
from ..translation import gettext, localized, process_language, set_language

DONE = 0
FAILED = 1
USAGE = 2
NOT_IN_INSTANCE = 3
NO_CREDENTIALS = 4
NOT_SAVED = 5
INTERRUPTED = 130


def exit_code(error: NotebookStopError) -> int:
    """Return the exit code that tells a script about `error`."""
    if isinstance(error, (NotInInstanceError, IdentityError)):
        return NOT_IN_INSTANCE
    if isinstance(error, CredentialsError):
        return NO_CREDENTIALS
    return NOT_SAVED if isinstance(error, (SaveError, CancelledStopError)) else FAILED


class Command(JupyterApp):
    """What the commands have in common: settings, exit codes, and errors as plain lines."""

    # The file that the server extension and a cell read; by default, each command would read one of its own name.
    config_file_name = CONFIG_NAME
    classes: List[Any] = [NotebookStop]  # noqa: RUF012 - a trait of the base class

    @default("version")
    def _default_version(self) -> str:
        from .. import __version__

        return __version__

    def initialize(self, argv: Any = None) -> None:
        """Read the command line and the settings; any error in them is wrong usage."""
        try:
            super().initialize(argv)
        except SystemExit as end:
            raise SystemExit(USAGE if end.code == 1 else end.code) from None
        if self.extra_args and self.subapp is None:
            self._print_error(gettext("Unrecognized arguments: {names}. See --help.", names=" ".join(self.extra_args)))
            raise SystemExit(USAGE)

    def emit_help(self, classes: bool = False) -> Iterator[str]:  # type: ignore[override]
        """Yield the lines of the help: this command's own; with `classes`, everything that can be set."""
        from .help import short_help

        if classes:
            self._localize_settings()
            yield from super().emit_help(classes)
        else:
            yield from short_help(self)

    def _localize_settings(self) -> None:
        """Put the texts of the settings into the language of this process, which ends after them."""
        self.description, self.examples = localized(self.description), localized(self.examples)
        self.flags = {name: (values, localized(help)) for name, (values, help) in self.flags.items()}
        self.subcommands = {name: (command, localized(help)) for name, (command, help) in self.subcommands.items()}
        for kind in (type(self), NotebookStop):
            for trait in kind.class_own_traits(config=True).values():
                trait.help = localized(trait.help)

    def start(self) -> None:
        """Run the command and exit with its code."""
        super().start()
        try:
            set_language(self.settings.locale)
            code = self.run()
        except NotebookStopError as error:
            self._explain(error)
            code = exit_code(error)
        except TraitError as error:
            self._print_error(gettext("Invalid setting: {error}", error=error))
            code = USAGE
        except KeyboardInterrupt:
            code = INTERRUPTED
        self.exit(code)

    def run(self) -> int:
        """Carry out the command and return the exit code."""
        raise NotImplementedError

    @property
    def settings(self) -> NotebookStop:
        """The settings, including those of the command line."""
        return NotebookStop(parent=self)

    def _explain(self, error: NotebookStopError) -> None:
        error.localize(process_language())
        self._print_error(f"{error.message} [{error.code}]")
        if isinstance(error, SaveError):
            for line in error.document_lines:
                self._print_error(f"  {line}")
        if error.remedy:
            self._print_error(error.remedy)

    def _print_error(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def read(settings: NotebookStop) -> Any:
    """Return the instance."""
    from ..notebook.display import Display
    from ..notebook.environment import read_instance
    from ..notebook.worker import run

    return run(lambda show: read_instance(settings), Display())
