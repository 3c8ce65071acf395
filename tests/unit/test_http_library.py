"""What comes with the HTTP library."""

from __future__ import annotations

import json
import subprocess
import sys

_MODULES = """
import importlib.util, json, sys
import jupyter_notebook_stop.notebook.local_api, jupyter_notebook_stop.modelarts.client
ours = sorted({"click", "pygments", "rich"} & set(sys.modules))
print(json.dumps([ours, importlib.util.find_spec("httpx._main") is not None]))
"""


def test_the_command_line_of_httpx_is_not_loaded_and_still_can_be() -> None:
    done = subprocess.run([sys.executable, "-c", _MODULES], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], True]
