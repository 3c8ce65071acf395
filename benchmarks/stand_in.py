"""The stand-in in a process of its own, so that it does not compete with the client that is measured.

A stop is accepted and then never happens, so that it can be asked for again and again. The first line of output is one
JSON object with what a client needs.

Usage: python -m benchmarks.stand_in [CERTIFICATE KEY]
"""

from __future__ import annotations

import contextlib
import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
from typing import Iterator

import certifi

from jupyter_notebook_stop.simulator import DropStop, ThreadedSimulator
from tests.hostile.conftest import Certificates

from .report import ROOT


@contextlib.contextmanager
def secure_stand_in() -> Iterator[dict[str, str]]:
    """Run it behind TLS; SSL_CERT_FILE has all authorities that one usually trusts, and the one of its certificate."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        made = Certificates(folder)
        certificate = made.signed("stand-in", "IP:127.0.0.1")
        trusted = folder / "trusted.pem"
        trusted.write_bytes(pathlib.Path(certifi.where()).read_bytes() + made.authority.read_bytes())
        with stand_in(str(certificate), str(certificate.with_suffix(".key"))) as inside:
            yield {**inside, "SSL_CERT_FILE": str(trusted)}


@contextlib.contextmanager
def stand_in(*certificate: str) -> Iterator[dict[str, str]]:
    """Run it; yield the environment of a process inside its instance."""
    command = [sys.executable, "-m", "benchmarks.stand_in", *certificate]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


def main() -> None:
    """Serve until standard input ends."""
    context = None
    if sys.argv[1:]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[1:])
    with ThreadedSimulator(ssl_context=context) as simulator:
        simulator.faults.add("stop", DropStop(), times=None)
        print(json.dumps(simulator.environment()), flush=True)
        ended = threading.Event()

        def wait_for_the_end() -> None:
            sys.stdin.read()
            ended.set()

        threading.Thread(target=wait_for_the_end, daemon=True).start()
        while not ended.wait(0.2):
            simulator.requests.clear()


if __name__ == "__main__":
    main()
