"""A bare Jupyter server in a process of its own: what loading one extension into it takes, and how it then responds.

Usage: python -m benchmarks.child_server MODULE [PORT]
Without a port it only loads. With one it serves, and says at `/blocked` for how long its event loop was blocked since
it was last asked.
"""

from __future__ import annotations

import contextlib
import gc
import json
import sys
import time
from typing import Any

import psutil
from jupyter_server.serverapp import ServerApp
from tornado import web

TOKEN = "benchmark"


def bare_server(port: int | None) -> Any:
    """Return a Jupyter server without extensions, which listens on a port if there is one."""
    server = ServerApp.instance()
    server.initialize(
        argv=[
            *("--allow-root", "--no-browser", "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}"),
            *("--log-level=ERROR", f"--ServerApp.port={port or 0}", "--ServerApp.port_retries=0"),
        ],
        find_extensions=False,
        new_httpserver=port is not None,
    )
    return server


def load(server: Any, module: str) -> dict[str, float]:
    """Load an extension as a server does; return seconds, those that were computed, MB and modules."""
    manager = server.extension_manager
    gc.collect()
    process = psutil.Process()
    before, memory = {*sys.modules}, process.memory_full_info().uss
    begin, processor = time.perf_counter(), time.process_time()
    manager.add_extension(module, enabled=True)
    manager.link_extension(module)
    manager.load_extension(module)
    seconds, processor = time.perf_counter() - begin, time.process_time() - processor
    gc.collect()
    grown = (process.memory_full_info().uss - memory) / 1e6
    if not manager.extensions[module].extension_points:
        raise RuntimeError(f"{module} was not loaded")
    return {"seconds": seconds, "processor": processor, "memory": grown, "modules": len({*sys.modules} - before)}


def serve(server: Any) -> None:
    """Serve until the process is ended."""
    from tests.hostile.ticker import Ticker, ticking

    measuring, tickers = contextlib.AsyncExitStack(), [Ticker()]

    class Blocked(web.RequestHandler):
        async def get(self) -> None:
            await measuring.aclose()
            blocked = tickers.pop().worst
            # Before the answer, after which the next request comes at once.
            tickers.append(await measuring.enter_async_context(ticking()))
            self.finish(json.dumps({"blocked": blocked}))

    server.web_app.add_handlers(".*$", [("/blocked", Blocked)])
    server.start()


def main() -> None:
    """Load, print what it took, and serve if there is a port."""
    module, *port = sys.argv[1:]
    server = bare_server(int(port[0]) if port else None)
    print(json.dumps(load(server, module)), flush=True)
    if port:
        serve(server)


if __name__ == "__main__":
    main()
