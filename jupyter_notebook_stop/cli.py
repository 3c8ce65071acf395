"""The surface for a terminal: ``jupyter notebook-stop``."""

from __future__ import annotations

import sys
from typing import Any, Dict, List

from jupyter_core.application import JupyterApp, base_aliases, base_flags
from traitlets import Bool, CFloat, TraitError

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

EXIT_CODES = """Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 3 not in an instance, or not clear in which;
4 no credentials, or not accepted; 5 a document could not be saved, or the stop was cancelled; 130 Ctrl-C.
"""


def exit_code(error: NotebookStopError) -> int:
    """Return the exit code that tells `error` to a script."""
    if isinstance(error, (NotInInstanceError, IdentityError)):
        return NOT_IN_INSTANCE
    if isinstance(error, CredentialsError):
        return NO_CREDENTIALS
    return NOT_SAVED if isinstance(error, (SaveError, CancelledStopError)) else FAILED


class _Command(JupyterApp):
    """What the commands have in common: the settings, the exit codes, and errors as two lines."""

    # The file that the server extension reads, and a cell too; by itself each command would read one of its own name.
    config_file_name = CONFIG_NAME
    classes: List[Any] = [NotebookStop]  # noqa: RUF012 - a trait of the base class

    def initialize(self, argv: Any = None) -> None:
        """Read command line and settings; whatever is wrong with them is wrong usage."""
        try:
            super().initialize(argv)
        except SystemExit as end:
            raise SystemExit(USAGE if end.code == 1 else end.code) from None
        if self.extra_args and self.subapp is None:
            self._complain(f"Not understood: {' '.join(self.extra_args)}. See --help.")
            raise SystemExit(USAGE)

    def print_help(self, classes: bool = False) -> None:
        """Print the help, and what the exit codes mean."""
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
            self._complain(f"A setting is not right: {error}")
            code = USAGE
        except KeyboardInterrupt:
            code = INTERRUPTED
        self.exit(code)

    def run(self) -> int:
        """Do what the command is for and return the exit code."""
        raise NotImplementedError

    @property
    def settings(self) -> NotebookStop:
        """The settings, those of the command line included."""
        return NotebookStop(parent=self)

    def _explain(self, error: NotebookStopError) -> None:
        self._complain(f"{error.message} [{error.code}]")
        if isinstance(error, SaveError):
            for document in error.documents:
                self._complain(f"  {document['path']}: {document['reason'] or 'not saved'}")
        if error.remedy:
            self._complain(error.remedy)

    def _complain(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


class StopApp(_Command):
    """Stops the instance."""

    name = "jupyter-notebook-stop-stop"
    description = """Stop the notebook instance you work in.

    Asks first, counts down, has open tabs save, and asks the cloud. Ctrl-C cancels."""
    examples = (
        "jupyter notebook-stop stop                 # ask, count down, stop\n"
        "jupyter notebook-stop stop --dry-run       # say what would be done\n"
        "papermill train.ipynb out.ipynb && jupyter notebook-stop stop --yes"
    )

    delay = CFloat(
        None, allow_none=True, help="Seconds to count down; default 10, or 150 where open tabs can't be saved for you."
    ).tag(config=True)
    save = Bool(True, help="Whether open tabs save first.").tag(config=True)
    wait = Bool(False, help="Whether to follow the stop to its end.").tag(config=True)
    dry_run = Bool(False, help="Stop nothing; check everything and say what would be done.").tag(config=True)

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_flags,
        "y": ({"JupyterApp": {"answer_yes": True}}, "Do not ask."),
        "yes": ({"JupyterApp": {"answer_yes": True}}, "Do not ask."),
        "no-save": ({"StopApp": {"save": False}}, "Do not have open tabs save first."),
        "wait": ({"StopApp": {"wait": True}}, "Follow the stop to its end."),
        "dry-run": ({"StopApp": {"dry_run": True}}, "Stop nothing; check everything and say what would be done."),
    }
    aliases: Dict[Any, Any] = {**base_aliases, "delay": "StopApp.delay"}  # noqa: RUF012 - a trait of the base class

    def run(self) -> int:
        """Ask, count down, stop."""
        from .notebook import api
        from .notebook.display import choose
        from .notebook.stop import StopOptions

        try:
            options = StopOptions(delay=self.delay, save=self.save, wait=self.wait)
        except ValueError as error:
            self._complain(f"--{error}.")
            return USAGE
        settings = self.settings
        if self.dry_run:
            return report_checks(settings, options, plan=True)
        if not self.answer_yes:
            answer = self._ask(settings)
            if answer != DONE:
                return answer
        api.run(lambda show: api.stop_instance(settings, options, show), choose())
        return DONE

    def _ask(self, settings: NotebookStop) -> int:
        from .notebook import api, rendering
        from .notebook.display import Display

        if sys.stdin is None or not sys.stdin.isatty():
            self._complain("There is no terminal to ask at: add --yes.")
            return USAGE
        instance = api.run(lambda show: api.read_instance(settings), Display())
        print(rendering.instance_text(instance))
        print(f"All kernels and terminals end; files outside {instance.mount_path or 'the work folder'} are lost.")
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

    json = Bool(False, help="Print one JSON object, as the local REST API answers it.").tag(config=True)
    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        **base_flags,
        "json": ({"StatusApp": {"json": True}}, "Print one JSON object."),
    }

    def run(self) -> int:
        """Print the instance."""
        import msgspec

        from .notebook import api, rendering
        from .notebook.display import Display

        settings = self.settings
        instance = api.run(lambda show: api.read_instance(settings), Display())
        print(msgspec.json.encode(instance).decode() if self.json else rendering.instance_text(instance))
        return DONE


class DoctorApp(_Command):
    """Finds out why a stop would not work."""

    name = "jupyter-notebook-stop-doctor"
    description = "Check everything that a stop needs, and name the remedy of what is wrong. Nothing is stopped."
    examples = "jupyter notebook-stop doctor"

    def run(self) -> int:
        """Print each check."""
        from .notebook.stop import StopOptions

        return report_checks(self.settings, StopOptions(), plan=False)


def report_checks(settings: NotebookStop, options: Any, *, plan: bool) -> int:
    """Print what a dry run finds, and return the exit code."""
    from .notebook import api, rendering
    from .notebook.display import Display
    from .notebook.doctor import dry_run

    report = api.run(lambda show: dry_run(settings, options), Display())
    print(rendering.report_text(report) if plan else "\n".join(map(rendering.check_text, report.checks)))
    failed = {check.name for check in report.checks if check.ok is False}
    if "identity" in failed:
        return NOT_IN_INSTANCE
    return NO_CREDENTIALS if "credentials" in failed else FAILED if failed else DONE


class DemoApp(_Command):
    """Tries everything out without a cloud."""

    name = "jupyter-notebook-stop-demo"
    description = """Try everything out without a cloud.

    Starts a stand-in of the cloud on this machine and a JupyterLab that believes it runs in one of its instances."""
    examples = "jupyter notebook-stop demo"

    open_browser = Bool(True, help="Whether to open a browser.").tag(config=True)
    refuse = Bool(False, help="Whether the simulated cloud refuses every stop, as without the permission.").tag(
        config=True
    )
    step_seconds = CFloat(2.0, min=0.0, help="Duration of each step of a stop, in seconds.").tag(config=True)

    flags: Dict[Any, Any] = {  # noqa: RUF012 - a trait of the base class
        "no-browser": ({"DemoApp": {"open_browser": False}}, "Do not open a browser."),
        "refuse": ({"DemoApp": {"refuse": True}}, "Let the simulated cloud refuse every stop."),
    }
    aliases: Dict[Any, Any] = {"step-seconds": "DemoApp.step_seconds"}  # noqa: RUF012 - a trait of the base class

    def run(self) -> int:
        """Run the demo until Ctrl-C."""
        from .demo.app import Demo

        def say(line: str) -> None:
            print(line, flush=True)

        demo = Demo(open_browser=self.open_browser, refuse=self.refuse, step_seconds=self.step_seconds, say=say)
        return demo.run()


class NotebookStopApp(_Command):
    """Stops the notebook instance that it runs in."""

    name = "jupyter-notebook-stop"
    description = "Stop the ModelArts notebook instance you work in."
    subcommands: Dict[str, Any] = {  # noqa: RUF012 - a trait of the base class
        "stop": (StopApp, "Stop the instance, after a question and a countdown."),
        "status": (StatusApp, "Show the instance."),
        "doctor": (DoctorApp, "Check everything that a stop needs."),
        "demo": (DemoApp, "Try everything out without a cloud."),
    }

    def run(self) -> int:
        """Show the help where no subcommand was given."""
        self.print_help()
        return USAGE


main = NotebookStopApp.launch_instance

if __name__ == "__main__":
    sys.exit(main())
