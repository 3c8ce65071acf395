"""``%stop_instance`` and ``%%stop_instance``."""

# IPython's own decorators carry no types.
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False

from __future__ import annotations

import ast
import warnings
from typing import Any, Optional, Union

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from ..schema import Instance
from .api import status, stop
from .display import register_formatters, shorten_traceback
from .options import StopOptions
from .progress import Report

NAME = "stop_instance"


@magics_class
class StopMagics(Magics):
    """The magics of this package."""

    @magic_arguments()
    @argument(
        "--delay",
        type=float,
        default=None,
        help="Length of the countdown in seconds; 0: none. Default: 10, or 150 if open tabs cannot be saved for you.",
    )
    @argument("--dry-run", action="store_true", help="Check everything and show what a stop would do; stop nothing.")
    @argument("--no-save", action="store_true", help="Stop without having open tabs save first.")
    @argument("--wait", action="store_true", help="Wait until the instance has stopped.")
    @argument("--status", action="store_true", help="Show the instance; stop nothing.")
    @argument(
        "--on-success", action="store_true", help="With %%%%stop_instance: stop only if the cell raised no exception."
    )
    @line_cell_magic
    def stop_instance(self, line: str, cell: Optional[str] = None) -> Union[Instance, Report, None]:
        """Stop the notebook instance that this kernel runs in.

        ``%stop_instance`` counts down, has open tabs save, and stops the
        instance; interrupting the kernel cancels it. ``%%stop_instance`` as
        the first line of a cell runs the cell first. It then stops the
        instance even if the cell raised an exception, unless ``--on-success``
        is given. A cell that you interrupt, or that cannot run at all, stops
        nothing.
        """
        options: Any = parse_argstring(self.stop_instance, line)
        try:
            StopOptions(delay=options.delay)
        except ValueError as error:
            # Before the cell runs, not hours later.
            raise UsageError(f"--{error}.") from None
        if options.status:
            if cell is not None:
                raise UsageError("--status works with %stop_instance only, not with %%stop_instance.")
            return status()
        if cell is None:
            if options.on_success:
                raise UsageError("--on-success works with %%stop_instance only.")
        elif not self._run_cell(cell, options.on_success):
            return None
        dry_run: bool = options.dry_run
        return stop(delay=options.delay, save=not options.no_save, wait=options.wait, dry_run=dry_run)

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
        name = type(error).__name__
        if not (on_success or never_ran or isinstance(error, KeyboardInterrupt)):
            print(f"The cell raised {name}. The instance will be stopped anyway.", flush=True)
            return True
        # IPython has shown its traceback already.
        line = f"{name} (see above). Nothing was stopped."
        # Of a SyntaxError, it would show the traceback again.
        raise UsageError(line) if isinstance(error, SyntaxError) else shorten_traceback(error, line)


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
            return "%%stop_instance cannot run a cell with a top-level await. End it with `await astop()`."
        for node in nodes:
            try:
                # One after the other, as IPython does.
                compile(ast.Module([node], []), "<cell>", "exec", shell.compile.flags)
            except SyntaxError as error:
                return f"%%stop_instance cannot run this cell: {error.msg} (line {error.lineno})."
    return None


def load(ipython: Any) -> None:
    """Register the magics."""
    register_formatters()
    ipython.register_magics(StopMagics)


def unload(ipython: Any) -> None:
    """Remove the magics."""
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop(NAME, None)
