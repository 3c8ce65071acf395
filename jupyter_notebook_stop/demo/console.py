"""A stand-in of the cloud's console: one page that shows the instance and starts it again."""

from __future__ import annotations

import html

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from ..simulator.responses import Refusal
from ..simulator.service import LOOPBACK, Simulator

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="2"><title>Simulated console</title>
<style>
  :root {{ color-scheme: light dark }}
  body {{ font: 16px/1.6 system-ui, sans-serif; max-width: 36em; margin: 4em auto; padding: 0 1em }}
  td {{ padding-right: 2em }} button {{ font: inherit; padding: .3em 1.2em }}
</style>
<h1>Simulated console</h1>
<p>A stand-in on this machine; no cloud is behind it.</p>
<table>
<tr><td>Instance</td><td>simulated-notebook</td></tr>
<tr><td>Id</td><td>{id}</td></tr>
<tr><td>Status</td><td><b>{status}</b></td></tr>
</table>
<form method="post"><p><button{disabled}>Start</button></p></form>
<p>{lab}</p>
</html>
"""


class _Console(RequestHandler):
    def initialize(self, simulator: Simulator, lab_url: str) -> None:
        self.simulator = simulator
        self.lab_url = lab_url

    def get(self) -> None:
        instance = self.simulator.instance
        running = instance.status == "RUNNING"
        lab = f'<a href="{html.escape(self.lab_url)}">Open JupyterLab</a> (it needs a few seconds to start)'
        self.finish(
            _PAGE.format(
                id=html.escape(instance.id),
                status=html.escape(instance.status),
                disabled="" if instance.status == "STOPPED" else " disabled",
                lab=lab if running else "",
            )
        )

    def post(self) -> None:
        try:
            self.simulator.instance.start()
        except Refusal as refusal:
            self.set_status(refusal.status)
            self.finish(html.escape(refusal.message))
        else:
            self.redirect("/", status=303)


class Console:
    """Serves the page on a free loopback port.

    Parameters
    ----------
    simulator
        Whose first instance is shown; the page runs on its event loop.
    """

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._sockets = bind_sockets(0, LOOPBACK)

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://{LOOPBACK}:{self._sockets[0].getsockname()[1]}/"

    def listen(self, lab_url: str) -> None:
        """Begin to serve; `lab_url` is where the instance's JupyterLab is."""
        application = Application([(r"/", _Console, {"simulator": self._simulator, "lab_url": lab_url})])
        HTTPServer(application).add_sockets(self._sockets)
