"""``%stop_instance`` and ``%%stop_instance``."""

# IPython's own decorators carry no types.
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False

from __future__ import annotations

import ast
import warnings
from typing import Any, Optional, Union

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, kwds, magic_arguments, parse_argstring

from ..schema import Instance, Schedule
from ..translation import _, gettext, localized
from .api import status, stop
from .display import register_formatters, shorten_traceback
from .later import cancel_scheduled_stop, stop_later
from .options import StopOptions, dashed, schedule_options
from .progress import Report

NAME = "stop_instance"


DESCRIPTION = _(
    """Stop the notebook instance that this kernel runs in.

``%stop_instance`` counts down, saves open tabs, and stops the
instance; interrupting the kernel cancels it. ``%%stop_instance`` in
the first line of a cell runs the cell first. It then stops the
instance even if the cell raised an exception, unless ``--on-success``
is given. A cell that you interrupt, or that cannot run at all, stops
nothing.

With ``--when-idle``, ``--at`` or ``--after`` ``%stop_instance``
returns at once: the Jupyter server stops the instance later, and
``%stop_instance --cancel`` cancels that.
"""
)


@magics_class
class StopMagics(Magics):
    """The magics of this package."""

    @magic_arguments()
    @kwds(description=localized(DESCRIPTION))
    @argument(
        "--delay",
        type=float,
        default=None,
        help=gettext(
            "Length of the countdown in seconds; 0: none. Default: 10, or 150 if open tabs cannot be saved for you."
        ),
    )
    @argument(
        "--dry-run", action="store_true", help=gettext("Check everything and show what a stop would do; stop nothing.")
    )
    @argument("--no-save", action="store_true", help=gettext("Stop without saving open tabs."))
    @argument("--wait", action="store_true", help=gettext("Wait until the instance has stopped."))
    @argument("--status", action="store_true", help=gettext("Show the instance; stop nothing."))
    @argument(
        "--on-success",
        action="store_true",
        help=gettext("With %%%%stop_instance: stop only if the cell raised no exception."),
    )
    @argument(
        "--when-idle",
        action="store_true",
        help=gettext(
            "Stop later: when no kernel is busy, no terminal runs a program, and nobody has used the instance"
            " for a while."
        ),
    )
    @argument(
        "--grace",
        default=None,
        help=gettext(
            "With --when-idle: how long the instance must be idle, such as 10min or 600 (seconds). Default: 600 s."
        ),
    )
    @argument("--at", default=None, help=gettext("Stop later: at a set time, such as 23:30 or 2030-01-31T23:30+08:00."))
    @argument("--after", default=None, help=gettext("Stop later: after this duration, such as 2h or 1h30m."))
    @argument("--cancel", action="store_true", help=gettext("Cancel the scheduled stop."))
    @line_cell_magic
    def stop_instance(self, line: str, cell: Optional[str] = None) -> Union[Instance, Report, Schedule, None]:
        """Stop the notebook instance that this kernel runs in; what is shown of it to users is `DESCRIPTION`."""
        options: Any = parse_argstring(self.stop_instance, line)
        try:
            StopOptions(delay=options.delay)
        except ValueError as error:
            # Before the cell runs, not hours later.
            mistake = f"--{error}"
            raise UsageError(gettext("{text}.", text=mistake)) from None
        # An empty text as well: a mistake in it must not stop the instance now.
        if options.cancel or options.when_idle or {options.grace, options.at, options.after} != {None}:
            return self._later(options, cell)
        if options.status:
            if cell is not None:
                raise UsageError(gettext("--status works with %stop_instance only, not with %%stop_instance."))
            return status()
        if cell is None:
            if options.on_success:
                raise UsageError(gettext("--on-success works with %%stop_instance only."))
        elif not self._run_cell(cell, options.on_success):
            return None
        dry_run: bool = options.dry_run
        return stop(delay=options.delay, save=not options.no_save, wait=options.wait, dry_run=dry_run)

    def _later(self, options: Any, cell: Optional[str]) -> Optional[Schedule]:
        """Schedule a stop, or cancel the one that is scheduled."""
        if cell is not None:
            raise UsageError(
                gettext(
                    "%%stop_instance stops at the end of its cell. To stop later, run %stop_instance with --when-idle,"
                    " --at or --after in a cell of its own, or at the beginning of this one: it returns at once."
                )
            )
        now = {name: bool(getattr(options, name)) for name in ("wait", "dry_run", "status", "on_success")}
        now.update(delay=options.delay is not None, save=options.no_save)
        when = "idle" if options.when_idle else None
        at, after, grace = (_unquoted(each) for each in (options.at, options.after, options.grace))
        try:
            chosen = schedule_options(when, at, after, grace, now=now, spelled=dashed)
        except ValueError as error:
            raise UsageError(gettext("{text}.", text=error)) from None
        if chosen is not None and not options.cancel:
            return stop_later(chosen)
        if chosen is not None or any(now.values()):
            raise UsageError(gettext("--cancel cannot be combined with other options."))
        return cancel_scheduled_stop()

    def _run_cell(self, cell: str, on_success: bool) -> bool:
        """Run the cell, and return whether to stop after it; its error is raised if not."""
        shell: Any = self.shell
        refusal = _refusal(shell, cell)
        if refusal:
            raise UsageError(refusal)
        never_ran = False
        error: Any
        try:
            result = shell.run_cell(cell, store_history=False)
        except KeyboardInterrupt as interrupt:
            error = interrupt
        else:
            error = result.error_before_exec or result.error_in_exec
            never_ran = result.error_before_exec is not None
        if error is None:
            return True
        # Since Python 3.13 an input that ends too soon is an _IncompleteInputError, which is a SyntaxError.
        name = next(each.__name__ for each in type(error).__mro__ if not each.__name__.startswith("_"))
        if not (on_success or never_ran or isinstance(error, KeyboardInterrupt)):
            print(gettext("The cell raised {name}. The instance will be stopped anyway.", name=name), flush=True)
            return True
        # IPython has shown its traceback already.
        line = gettext("{name} (see above). Nothing was stopped.", name=name)
        # Of a SyntaxError, it would show the traceback again.
        raise UsageError(line) if isinstance(error, SyntaxError) else shorten_traceback(error, line)


def _unquoted(text: Optional[str]) -> Optional[str]:
    """Return an option without the quotes that IPython leaves around it."""
    return text[1:-1] if text and len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text


def _refusal(shell: Any, cell: str) -> Optional[str]:
    """Return why the cell cannot run to its end, if IPython would find that out on the way or not at all."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # running the cell shows them
        try:
            transformed = shell.transform_cell(cell)
            nodes = shell.compile.ast_parse(transformed).body
        except Exception:
            return None  # running the cell shows that, and runs nothing
        if shell.should_run_async(cell, transformed_cell=transformed):
            return gettext("%%stop_instance cannot run a cell with a top-level await. End it with `await astop()`.")
        for node in nodes:
            try:
                # One after the other, as IPython does.
                compile(ast.Module([node], []), "<cell>", "exec", shell.compile.flags)
            except SyntaxError as error:
                return gettext(
                    "%%stop_instance cannot run this cell: {msg} (line {lineno}).", msg=error.msg, lineno=error.lineno
                )
    return None


def load(ipython: Any) -> None:
    """Register the magics."""
    register_formatters()
    ipython.register_magics(StopMagics)


def unload(ipython: Any) -> None:
    """Remove the magics."""
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop(NAME, None)
