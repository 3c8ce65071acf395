"""Standard output and error whose reader may have left, as in ``jupyter notebook-stop status | head -1``."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

_CLOSED = {errno.EPIPE} | ({errno.EINVAL} if os.name == "nt" else set())
"""What writing to a pipe that nobody reads any more fails with."""


class _PipeTolerantFile(io.FileIO):
    """A file that takes everything once its reader has left: a stop goes on, and its exit code still tells."""

    def write(self, data: Any) -> Any:
        try:
            return super().write(data)
        except OSError as error:
            if error.errno not in _CLOSED:
                raise
            return len(data)


def ignore_broken_pipes() -> None:
    """Have standard output and error take what nobody reads any more, in place of an exception at each write."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        buffer = getattr(stream, "buffer", None)
        # A console of Windows is another kind of file, and no pipe.
        if isinstance(getattr(buffer, "raw", buffer), io.FileIO) and not stream.isatty():
            setattr(sys, name, _pipe_tolerant(stream))


def _pipe_tolerant(stream: Any) -> io.TextIOWrapper:
    stream.flush()
    raw = _PipeTolerantFile(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
