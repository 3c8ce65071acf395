"""The local API against who should not be there, and against what nobody should send: nothing reaches the cloud."""

from __future__ import annotations

import asyncio
import json
import pathlib
import uuid
from typing import Any, Awaitable, Callable, Iterator, List, NamedTuple

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError, HTTPResponse

import jupyter_notebook_stop
from jupyter_notebook_stop.server.announcing import ATTEMPT_EVENT, STOP_EVENT
from jupyter_notebook_stop.simulator import ThreadedSimulator

from ..server.conftest import (  # noqa: F401 - fixtures
    Fetch,
    environment,
    fetch,
    jp_server_config,
    stop_config,
)
from .plain_server import PlainServer
