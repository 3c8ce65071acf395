"""The surface for a terminal: ``jupyter notebook-stop``."""

from __future__ import annotations

import functools
import sys
from typing import Any, Dict, List

from jupyter_core.application import JupyterApp, base_aliases, base_flags
from traitlets import Bool, CFloat, TraitError, default

from .config import CONFIG_NAME, NotebookStop
from .errors import (
    CancelledStopError,
    CredentialsError,
    IdentityError,
    NotebookStopError,
    NotInInstanceError,
    SaveError,
)

DONE = 0
FAILED = 1
USAGE = 2
NOT_IN_INSTANCE = 3
NO_CREDENTIALS = 4
NOT_SAVED = 5
INTERRUPTED = 130

EXIT_CODES = """Exit codes: 0 success; 1 refused or failed; 2 wrong usage; 3 not in an instance, or unclear in which;
4 credentials missing or rejected; 5 a document could not be saved, or the stop was cancelled; 130 Ctrl-C.
"""

_NO_SAVE = "Stop without having open tabs save first."
_WAIT = "Wait until the instance has stopped."
_DRY_RUN = "Check everything and show what a stop would do; stop nothing."
_REFUSE = "Have the simulated cloud refuse every stop, as if the permission were missing."


def exit_code(error: NotebookStopError) -> int:
    """Return the exit code that tells a script about `error`."""
    if isinstance(error, (NotInInstanceError, IdentityError)):
        return NOT_IN_INSTANCE
    if isinstance(error, CredentialsError):
        return NO_CREDENTIALS
    return NOT_SAVED if isinstance(error, (SaveError, CancelledStopError)) else FAILED


class _Command(JupyterApp):
    """What the commands have in common: settings, exit codes, and errors as plain lines."""

    # The file that the server extension and a cell read; by default, each command would read one of its own name.
    config_file_name = CONFIG_NAME
    classes: List[Any] = [NotebookStop]  # noqa: RUF012 - a trait of the base class

    @default("version")
    def _default_version(self) -> str:
        from . import __version__

        return __version__

    def initialize(self, argv: Any = None) -> None:
        """Read the command line and the settings; any error in them is wrong usage."""
        try:
            super().initialize(argv)
        except SystemExit as end:
            raise SystemExit(USAGE if end.code == 1 else end.code) from None
        if self.extra_args and self.subapp is None:
            self._print_error(f"Unrecognized arguments: {' '.join(self.extra_args)}. See --help.")
            raise SystemExit(USAGE)

    def print_help(self, classes: bool = False) -> None:
        """Print the help and the exit codes."""
        super().print_help(classes)
        print(EXIT_CODES)

    def start(self) -> None:
        """Run the command and exit with its code."""
        super().start()
        try:
            code = self.run()
        except NotebookStopError as error:
            self._explain(error)
            code = exit_code(error)
        except TraitError as error:
            self._print_error(f"Invalid setting: {error}")
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
        self._print_error(f"{error.message} [{error.code}]")
        if isinstance(error, SaveError):
            for line in error.document_lines:
                self._print_error(f"  {line}")
        if error.remedy:
            self._print_error(error.remedy)

    def _print_error(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class StopApp(_Command):
    """Stops the instance."""

    name = "jupyter-notebook-stop-stop"
    description = """Stop the notebook instance you work in.

    Asks for confirmation, counts down, has open tabs save, then requests the stop. Press Ctrl-C to cancel."""
    examples = (
        "jupyter notebook-stop stop                 # ask, count down, stop\n"
        "jupyter notebook-stop stop --dry-run       # show what a stop would do\n"
        "papermill train.ipynb out.ipynb && jupyter notebook-stop stop --yes"
    )

    delay = CFloat(
        None,
        allow_none=True,
        help="Length of the countdown in seconds. Default: 10, or 150 if open tabs cannot be saved for you.",
    ).tag(config=True)
    save = Bool(True, help="Whether open tabs save first.").tag(config=True)
    wait = Bool(False, help=_WAIT).tag(config=True)
    dry_run = Bool(False, help=_DRY_RUN).tag(config=True)

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_flags,
        **dict.fromkeys(("y", "yes"), ({"JupyterApp": {"answer_yes": True}}, "Do not ask for confirmation.")),
        "no-save": ({"StopApp": {"save": False}}, _NO_SAVE),
        "wait": ({"StopApp": {"wait": True}}, _WAIT),
        "dry-run": ({"StopApp": {"dry_run": True}}, _DRY_RUN),
    }
    aliases: Dict[Any, Any] = {**base_aliases, "delay": "StopApp.delay"}  # noqa: RUF012 - a trait of the base class

    def run(self) -> int:
        """Ask, count down, stop."""
        from .notebook.display import choose_display
        from .notebook.stop import StopOptions, stop_instance
        from .notebook.worker import run

        try:
            options = StopOptions(delay=self.delay, save=self.save, wait=self.wait)
        except ValueError as error:
            self._print_error(f"--{error}.")
            return USAGE
        settings = self.settings
        if self.dry_run:
            return report_checks(settings, options, plan=True)
        if not self.answer_yes:
            code = self._confirm(settings)
            if code != DONE:
                return code
        run(lambda show: stop_instance(settings, options, show), choose_display())
        return DONE

    def _confirm(self, settings: NotebookStop) -> int:
        from .notebook.rendering import instance_text

        if sys.stdin is None or not sys.stdin.isatty():
            self._print_error("Cannot prompt: stdin is not a terminal. Add --yes to stop without a prompt.")
            return USAGE
        instance = read(settings)
        print(instance_text(instance))
        print(f"All kernels and terminals end. Files outside {instance.mount_path or 'the work folder'} are lost.")
        try:
            answer = input("Stop this instance? [y/N] ")
        except EOFError:
            answer = ""
        if answer.strip().lower() in ("y", "yes"):
            return DONE
        print("Nothing was stopped.")
        return NOT_SAVED


class StatusApp(_Command):
    """Shows the instance."""

    name = "jupyter-notebook-stop-status"
    description = "Show the notebook instance you work in."
    examples = "jupyter notebook-stop status --json"

    json = Bool(False, help="Print one JSON object, as the local REST API returns it.").tag(config=True)
    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_flags,
        "json": ({"StatusApp": {"json": True}}, "Print one JSON object."),
    }

    def run(self) -> int:
        """Print the instance."""
        import msgspec

        from .notebook.rendering import instance_text

        instance = read(self.settings)
        print(msgspec.json.encode(instance).decode() if self.json else instance_text(instance))
        return DONE


class DoctorApp(_Command):
    """Finds out why a stop would not work."""

    name = "jupyter-notebook-stop-doctor"
    description = "Check everything that a stop needs, and show how to fix what is wrong. Nothing is stopped."
    examples = "jupyter notebook-stop doctor"

    def run(self) -> int:
        """Print each check."""
        from .notebook.stop import StopOptions

        return report_checks(self.settings, StopOptions(), plan=False)


def read(settings: NotebookStop) -> Any:
    """Return the instance."""
    from .notebook.display import Display
    from .notebook.environment import read_instance
    from .notebook.worker import run

    return run(lambda show: read_instance(settings), Display())


def report_checks(settings: NotebookStop, options: Any, *, plan: bool) -> int:
    """Print the report of a dry run, and return the exit code."""
    from .notebook import rendering
    from .notebook.display import Display
    from .notebook.doctor import dry_run
    from .notebook.worker import run

    report = run(lambda show: dry_run(settings, options), Display())
    print(rendering.report_text(report) if plan else "\n".join(map(rendering.check_text, report.checks)))
    failed = {check.name for check in report.checks if check.ok is False}
    if "identity" in failed:
        return NOT_IN_INSTANCE
    return NO_CREDENTIALS if "credentials" in failed else FAILED if failed else DONE


class DemoApp(_Command):
    """Runs a demo without a cloud."""

    name = "jupyter-notebook-stop-demo"
    description = """Try everything out without a cloud.

    Starts a simulated cloud on this machine, and a JupyterLab that believes it runs in one of its instances."""
    examples = "jupyter notebook-stop demo"

    open_browser = Bool(True, help="Whether to open a browser.").tag(config=True)
    refuse = Bool(False, help=_REFUSE).tag(config=True)
    step_seconds = CFloat(2.0, min=0.0, help="Duration of each step of a stop, in seconds.").tag(config=True)

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        "no-browser": ({"DemoApp": {"open_browser": False}}, "Do not open a browser."),
        "refuse": ({"DemoApp": {"refuse": True}}, _REFUSE),
    }
    aliases: Dict[Any, Any] = {"step-seconds": "DemoApp.step_seconds"}  # noqa: RUF012 - a trait of the base class

    def run(self) -> int:
        """Run the demo until Ctrl-C."""
        from .demo.app import Demo

        say = functools.partial(print, flush=True)
        demo = Demo(open_browser=self.open_browser, refuse=self.refuse, step_seconds=self.step_seconds, say=say)
        return demo.run()


class NotebookStopApp(_Command):
    """Stops the notebook instance that it runs in."""

    name = "jupyter-notebook-stop"
    description = "Stop the ModelArts notebook instance you work in."
    subcommands: Dict[str, Any] = {  # noqa: RUF012 - a trait of the base class
        "stop": (StopApp, "Stop the instance, after a confirmation and a countdown."),
        "status": (StatusApp, "Show the instance."),
        "doctor": (DoctorApp, "Check everything that a stop needs."),
        "demo": (DemoApp, "Try everything out without a cloud."),
    }

    def run(self) -> int:
        """Show the help if no subcommand was given."""
        self.print_help()
        return USAGE


main = NotebookStopApp.launch_instance

if __name__ == "__main__":
    sys.exit(main())
