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


_FIRST_REQUEST = """
import asyncio, json, sys
from jupyter_notebook_stop.config import NotebookStop
from jupyter_notebook_stop.modelarts.connection import Connection

async def main():
    connection = Connection(NotebookStop())
    client = await connection.connect()
    before = set(sys.modules)
    await client.show(connection.identity.instance_id.value)
    await connection.aclose()
    print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))

asyncio.run(main())
"""


def test_the_first_request_loads_nothing_of_httpx(environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", _FIRST_REQUEST], capture_output=True, text=True, check=True)
    assert not {"anyio", "h11", "httpcore", "httpx", "sniffio"} & set(json.loads(done.stdout)), done.stdout
