"""A simulated console: one page that shows the instance and starts it again."""

from __future__ import annotations

import contextlib
import pathlib
from typing import Iterator

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from ..simulator import Refusal, Simulator, ThreadedSimulator
from ..simulator.service import LOOPBACK


class ConsoleHandler(RequestHandler):
    """Shows the first instance, and starts it on POST."""

    def initialize(self, simulator: Simulator, lab_url: str) -> None:
        """Keep what the page is about."""
        self.instance = simulator.instance
        self.lab_url = lab_url

    def get(self) -> None:
        """Show the page."""
        self.render("console.html", instance=self.instance, lab_url=self.lab_url)

    def post(self) -> None:
        """Start the instance; if it cannot be started, the page shows its status."""
        with contextlib.suppress(Refusal):
            self.instance.start()
        self.redirect("/", status=303)


@contextlib.contextmanager
def serve_console(simulator: ThreadedSimulator, lab_url: str) -> Iterator[str]:
    """Serve the page on a free loopback port, as a context manager that gives its address.

    Parameters
    ----------
    simulator
        Whose first instance is shown.
    lab_url
        Address of the instance's JupyterLab.
    """
    application = Application(
        [("/", ConsoleHandler, {"simulator": simulator, "lab_url": lab_url})],
        template_path=str(pathlib.Path(__file__).parent),
    )
    server = HTTPServer(application)
    sockets = bind_sockets(0, LOOPBACK)

    async def close(_: Simulator) -> None:
        server.stop()
        await server.close_all_connections()

    simulator.call(lambda _: server.add_sockets(sockets))
    try:
        yield f"http://{LOOPBACK}:{sockets[0].getsockname()[1]}/"
    finally:
        simulator.call(close)
