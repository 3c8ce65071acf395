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
from ..translation import _, requested_language, translate

TEXTS = {
    "title": _("Simulated console"),
    "what": _("This page stands in for the cloud's console. It runs on this machine only."),
    "instance": _("Instance name"),
    "id": _("ID"),
    "status": _("Status"),
    "start": _("Start"),
    "lab": _("Open JupyterLab"),
    "wait": _("(it takes a few seconds to start)"),
}


class ConsoleHandler(RequestHandler):
    """Shows the first instance, and starts it on POST."""

    def initialize(self, simulator: Simulator, lab_url: str) -> None:
        """Keep what the page is about."""
        self.instance = simulator.instance
        self.lab_url = lab_url

    def get(self) -> None:
        """Show the page."""
        language = requested_language(self.request.headers.get("Accept-Language", ""))
        texts = {name: translate(text, language) for name, text in TEXTS.items()}
        tag = language.replace("_", "-")
        self.render("console.html", instance=self.instance, lab_url=self.lab_url, texts=texts, language=tag)

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

    async def close(simulator: Simulator) -> None:
        server.stop()
        await server.close_all_connections()

    simulator.call(lambda simulator: server.add_sockets(sockets))
    try:
        yield f"http://{LOOPBACK}:{sockets[0].getsockname()[1]}/"
    finally:
        simulator.call(close)
