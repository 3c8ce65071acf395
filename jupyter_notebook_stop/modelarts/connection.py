"""The connection from this process to the cloud, made at first use: identity, credentials, client."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from traitlets.utils.importstring import import_item

from ..config import NotebookStop
from ..errors import CredentialsError, UnreachableError
from ..pseudonyms import secrets_in
from ..translation import _
from .identity import Identity, SourcedValue, complete_identity, find_identity
from .last_responses import LastResponse, LastResponses
from .threads import call_in_thread, start

if TYPE_CHECKING:
    import ssl

    from .client import NotebooksClient
    from .credentials import CredentialChain


def _load() -> ssl.SSLContext:
    # Importing httpx and creating a TLS context take longer than an event loop may be blocked.
    from . import tls

    # While OpenSSL reads its certificates, Python can go on loading.
    context = start(tls.create_context)
    from . import client, credential_sources  # noqa: F401
    from .http_library import load_all

    load_all()
    return context.result()


class Connection:
    """Finds out who this instance is, and makes the client that reads and stops it.

    Parameters
    ----------
    config
        The settings.
    base_url
        The Jupyter server's base_url, if there is one.
    environ, hostname
        Of this process by default.
    """

    def __init__(
        self,
        config: NotebookStop,
        *,
        base_url: str | None = None,
        environ: Mapping[str, str] | None = None,
        hostname: str | None = None,
    ) -> None:
        self.config = config
        self.client: NotebooksClient | None = None
        self._base_url = base_url
        self._environ = environ
        self._hostname = hostname
        self._identity: Identity | None = None
        self._chain: CredentialChain | None = None
        self._connecting: asyncio.Task[NotebooksClient] | None = None
        self._last_responses = LastResponses(self.secrets)

    @property
    def identity(self) -> Identity:
        """Who this instance is.

        Raises
        ------
        NotInInstanceError, IdentityError
            When this is not an instance, or not clearly one.
        """
        if self._identity is None:
            self._identity = find_identity(
                self.config, environ=self._environ, hostname=self._hostname, base_url=self._base_url
            )
        return self._identity

    @property
    def credentials_source(self) -> str | None:
        """Where the credentials in use come from."""
        known = self._chain.known if self._chain else None
        return known.source if known else None

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment variables that count."""
        return os.environ if self._environ is None else self._environ

    @property
    def last_responses(self) -> Sequence[LastResponse]:
        """What the service answered last."""
        return self._last_responses.latest

    def secrets(self) -> Sequence[str]:
        """Return what must stay hidden: the secrets in use, and all others that the environment has."""
        used = self._chain.secrets() if self._chain else ()
        return [*used, *secrets_in(self.environ), *filter(None, [self.config.auth_token.reveal()])]

    async def connect(self) -> NotebooksClient:
        """Return the client, made at first use.

        Raises
        ------
        NotebookStopError
            When identity or credentials are missing.
        """
        if self.client is not None:
            return self.client
        if self._connecting is None:
            self._connecting = asyncio.ensure_future(self._connect())
            self._connecting.add_done_callback(self._forget_connecting)
        return await asyncio.shield(self._connecting)

    def _forget_connecting(self, task: asyncio.Task[NotebooksClient]) -> None:
        self._connecting = None
        if not task.cancelled():
            task.exception()

    async def _connect(self) -> NotebooksClient:
        identity = self.identity
        try:
            verify = await call_in_thread(_load, 60)
        except asyncio.TimeoutError:
            raise UnreachableError(_("Loading the HTTP client took too long."), remedy=_("Try again.")) from None
        except OSError:
            raise UnreachableError(
                _("The certificates of the trusted authorities cannot be read."),
                code="bad_certificates",
                remedy=_("Correct or unset SSL_CERT_FILE and SSL_CERT_DIR."),
            ) from None
        from .client import NotebooksClient
        from .transport import Timeouts

        config = self.config
        if self._chain is None:
            self._chain = self._make_chain()
        if not (identity.project_id and (identity.endpoint or identity.region)):
            identity = await self._ask_platform(identity, self._chain)
        self._identity = identity = complete_identity(identity, None, None)
        assert identity.project_id
        assert identity.endpoint
        self.client = NotebooksClient(
            endpoint=identity.endpoint.value,
            project_id=identity.project_id.value,
            chain=self._chain,
            verify=verify,
            context={
                "instance": _(
                    "{value} from {source}", value=identity.instance_id.value, source=identity.instance_id.source
                ),
                "project": _(
                    "{value} from {source}", value=identity.project_id.value, source=identity.project_id.source
                ),
                "endpoint": _("{value} from {source}", value=identity.endpoint.value, source=identity.endpoint.source),
            },
            observe=self._last_responses.note,
            timeouts=Timeouts(connect=config.connect_timeout, read=config.read_timeout, total=config.total_timeout),
        )
        return self.client

    def _make_chain(self) -> CredentialChain:
        from .credential_sources import builtin_sources
        from .credentials import CredentialChain

        builtin = builtin_sources(self.config.auth_token, self._environ)
        sources = []
        for entry in self.config.credential_sources:
            if callable(entry):
                sources.append((getattr(entry, "__qualname__", repr(type(entry))), entry))
            elif entry in builtin:
                sources.append((entry, builtin[entry]))
            else:
                sources.append((entry, _imported(entry)))
        return CredentialChain(sources, timeout=self.config.credential_timeout)

    async def _ask_platform(self, identity: Identity, chain: CredentialChain) -> Identity:
        """Add project and region as the credentials, then the platform's SDK, know them."""
        from .platform_sdk import open_session

        found = await chain.get()
        project = SourcedValue(found.project_id, found.source) if found.project_id else None
        region = SourcedValue(found.region, found.source) if found.region else None
        has_region = identity.endpoint or identity.region or region
        if not has_region or not (identity.project_id or project):
            with contextlib.suppress(Exception):
                session = await call_in_thread(open_session, self.config.credential_timeout)
                source = _("the platform's SDK session")
                project = project or (SourcedValue(session.project_id, source) if session.project_id else None)
                region = region or (SourcedValue(session.region, source) if session.region else None)
        return complete_identity(identity, project, region)

    async def aclose(self) -> None:
        """Give up connecting, or close the connections."""
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self.client is not None:
            await self.client.aclose()
            self.client = None


def _imported(name: str) -> Any:
    """Return a source that imports the one called `name` when it is asked, so that a bad name stops no other."""

    def ask() -> Any:
        try:
            source = import_item(name)
        except ImportError as error:
            raise CredentialsError(_("cannot be imported ({name})", name=type(error).__name__)) from None
        return source()

    return ask
