"""``%stop_instance`` and ``%%stop_instance``."""

# IPython's own decorators carry no types.
# mypy: disallow-untyped-calls=False, disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any, List, Optional, Union

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from ..schema import Instance
from .api import status, stop
from .progress import Report
from .stop import StopOptions

NAME = "stop_instance"


@magics_class
class StopMagics(Magics):
    """The magics of this package."""

    @magic_arguments()
    @argument(
        "--delay",
        type=float,
        default=None,
        help="Seconds to count down; 0 stops at once. Default: as for stop().",
    )
    @argument("--dry-run", action="store_true", help="Stop nothing; check everything and say what would be done.")
    @argument("--no-save", action="store_true", help="Do not have open tabs save first.")
    @argument("--wait", action="store_true", help="Follow the stop to its end.")
    @argument("--status", action="store_true", help="Only show the instance.")
    @argument("--on-success", action="store_true", help="With %%%%stop_instance: only if the cell did not raise.")
    @line_cell_magic
    def stop_instance(self, line: str, cell: Optional[str] = None) -> Union[Instance, Report, None]:
        """Stop the notebook instance that this kernel runs in.

        ``%stop_instance`` counts down, has open tabs save, and stops the
        instance; interrupting the kernel cancels. ``%%stop_instance`` as the
        first line of a cell runs the cell first, and stops also when the cell
        raised, unless ``--on-success`` is given. A cell that is interrupted by
        hand stops nothing.
        """
        options: Any = parse_argstring(self.stop_instance, line)
        try:
            StopOptions(delay=options.delay)
        except ValueError as error:
            # Before the cell runs, not hours later.
            raise UsageError(f"--{error}.") from None
        if options.status:
            if cell is not None:
                raise UsageError("--status is for %stop_instance, without a cell.")
            return status()
        if cell is None:
            if options.on_success:
                raise UsageError("--on-success is for %%stop_instance, with a cell.")
        elif not self._run(cell, options.on_success):
            return None
        dry_run: bool = options.dry_run
        return stop(delay=options.delay, save=not options.no_save, wait=options.wait, dry_run=dry_run)

    def _run(self, cell: str, on_success: bool) -> bool:
        """Run the cell, and return whether to stop after it; its error is raised where nothing stops."""
        shell: Any = self.shell
        error: Any
        try:
            result = shell.run_cell(cell, store_history=False)
        except KeyboardInterrupt as interrupt:
            error = interrupt
        else:
            error = result.error_before_exec or result.error_in_exec
        if error is None:
            return True
        name = type(error).__name__
        if not isinstance(error, KeyboardInterrupt) and not on_success:
            print(f"The cell raised {name}; the instance is stopped all the same.", flush=True)
            return True
        raise _quietly(error, f"{name}, as above. Nothing is stopped.")


def _quietly(error: BaseException, line: str) -> BaseException:
    """Return `error` such that IPython shows one line for it: its traceback has been shown already."""

    def render() -> List[str]:
        return [line]

    error._render_traceback_ = render  # type: ignore[attr-defined]
    return error


def load(ipython: Any) -> None:
    """Register the magics."""
    ipython.register_magics(StopMagics)


def unload(ipython: Any) -> None:
    """Take the magics away."""
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop(NAME, None)
