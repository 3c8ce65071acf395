"""What the process of a server runs that was forked, as `Forked` of forked.py has it."""

from __future__ import annotations

import os
import runpy
import sys
from typing import Any, Dict

# Of whoever runs this file.
start: Dict[str, Any] = globals()["start"]

assert "server_modules" in sys.modules, "Python's fork server has not imported what it should"
os.setsid()
output = os.open(start["output"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
for stream in (1, 2):
    os.dup2(output, stream)
os.environ.clear()
os.environ.update(start["environment"])
os.chdir(start["folder"])
sys.argv[:] = ["", *start["arguments"]]
runpy.run_module(start["module"], run_name="__main__", alter_sys=True)
