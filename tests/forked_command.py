"""The process from which commands are forked, as `QuickCommands` of commands.py has it; a socket is its stdin."""

from __future__ import annotations

import json
import os
import runpy
import socket
import sys
from typing import Any, Dict

# What most commands import, by and by.
from jupyter_notebook_stop import cli  # noqa: F401
from jupyter_notebook_stop.modelarts import client, credential_sources, http_library  # noqa: F401
from jupyter_notebook_stop.notebook import doctor, field_report, stop  # noqa: F401


def next_command() -> Dict[str, Any]:
    """Return each command in a fork of its own, with its output where it belongs."""
    asked = socket.socket(fileno=os.dup(0))
    while True:
        message, streams, _, _ = socket.recv_fds(asked, 1 << 20, 2)
        if not message:
            sys.exit()
        child = os.fork()
        if child == 0:
            asked.close()
            for number, stream in enumerate([os.open(os.devnull, os.O_RDONLY), *streams]):
                os.dup2(stream, number)
                os.close(stream)
            return dict(json.loads(message))
        for stream in streams:
            os.close(stream)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        asked.send(str(code).encode())


if __name__ == "__main__":
    http_library.load_all()
    command = next_command()
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    sys.path[0] = command["folder"]
    sys.argv[1:] = command["arguments"]
    runpy.run_module(command["module"], run_name="__main__", alter_sys=True)
