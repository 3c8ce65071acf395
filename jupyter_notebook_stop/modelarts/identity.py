"""Which instance this is: its id, project, region and endpoint, each with the source it was found in.

Stopping the wrong machine is the worst this package could do. So a malformed
id is refused, and so are two sources that name different instances.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
from typing import TYPE_CHECKING, Callable, Mapping, NamedTuple, Optional
from urllib.parse import urlsplit

from ..errors import IdentityError, NotInInstanceError
from ..instance_detection import (
    ENDPOINT_VARIABLE,
    INSTANCE_VARIABLE,
    PROJECT_VARIABLES,
    REGION_VARIABLE,
    in_base_url,
    in_hostname,
    is_project_id,
    is_uuid,
)
from ..translation import Text, _, sentences

if TYPE_CHECKING:
    from ..config import NotebookStop

# As texts: most processes never see what these are for.
_REGION = r"[a-z]+(-[a-z0-9]+)+"
_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f:.]+"


def _is_region(text: str) -> bool:
    return bool(re.fullmatch(_REGION, text))


class SourcedValue(NamedTuple):
    """A value and where it was found."""

    value: str
    source: str


class Identity(NamedTuple):
    """Who this instance is, with the source of each part."""

    instance_id: SourcedValue
    project_id: Optional[SourcedValue] = None
    region: Optional[SourcedValue] = None
    endpoint: Optional[SourcedValue] = None

    def sources(self) -> dict[str, str]:
        """Return where each part was found."""
        parts = {
            "id": self.instance_id,
            "project_id": self.project_id,
            "region": self.region,
            "endpoint": self.endpoint,
        }
        return {name: part.source for name, part in parts.items() if part}


def is_loopback(host: str | None) -> bool:
    """Return whether `host` is this machine itself: ``localhost`` or a loopback address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def check_endpoint(url: str, source: str) -> str:
    """Return `url` normalized: scheme and host, and the port if one is given.

    Raises
    ------
    IdentityError
        When it is anything else, or is plain http to another machine.
    """
    remedy = _("Set {source} to https:// and a host name.", source=source)
    try:
        if not url.isprintable():
            raise ValueError("urlsplit would silently remove such characters")
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise IdentityError(_("The endpoint is not a URL."), code="bad_endpoint", remedy=remedy) from None
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not re.fullmatch(_HOST, host):
        raise IdentityError(
            _("The endpoint is not a URL of the form https://host."), code="bad_endpoint", remedy=remedy
        )
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path.strip("/"):
        raise IdentityError(_("The endpoint must consist of scheme and host only."), code="bad_endpoint", remedy=remedy)
    if parts.scheme == "http" and not is_loopback(host):
        raise IdentityError(_("Plain http is accepted on loopback only."), code="bad_endpoint", remedy=remedy)
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def endpoint_of(region: str) -> str:
    """Return the public endpoint of ModelArts in `region`."""
    top = "cn" if region == "ap-southeast-1" else "com"
    return f"https://modelarts.{region}.myhuaweicloud.{top}"


def _checked(
    found: SourcedValue | None, is_valid: Callable[[str], bool], what: Text, expected: str
) -> SourcedValue | None:
    if found is None or is_valid(found.value):
        return found
    raise IdentityError(
        _("The {what} from {source} is not {expected}.", what=what, source=found.source, expected=expected),
        code=f"bad_{what.replace(' ', '_')}",
        remedy=_("Correct or remove it: {source}.", source=found.source),
    )


def _candidates(
    config: NotebookStop | None, trait: str, environ: Mapping[str, str], *variables: str
) -> list[SourcedValue]:
    """Return the values that are set, the trait's first."""
    found = [SourcedValue(getattr(config, trait, "").strip(), f"c.NotebookStop.{trait}")]
    found += (
        SourcedValue(environ.get(name, "").strip(), _("environment variable {name}", name=name)) for name in variables
    )
    return [candidate for candidate in found if candidate.value]


def _find_instance_id(
    config: NotebookStop | None, environ: Mapping[str, str], hostname: str, base_url: str | None
) -> SourcedValue:
    found = _candidates(config, "instance_id", environ, INSTANCE_VARIABLE)
    for value, source in (
        (in_hostname(hostname), _("the hostname")),
        (in_base_url(base_url or ""), _("the server's base_url")),
    ):
        if value:
            found.append(SourcedValue(value, source))
    looked_for = [
        "c.NotebookStop.instance_id",
        _("the environment variable {name}", name=INSTANCE_VARIABLE),
        _("a hostname notebook-<id>"),
        *([] if base_url is None else [_("a base_url /<id>/")]),
    ]
    valid = [candidate for candidate in found if is_uuid(candidate.value)]
    malformed = [candidate for candidate in found if candidate not in valid]
    if malformed and (valid or (config and config.instance_id)):
        _checked(malformed[0], is_uuid, _("instance id"), _("a UUID"))
    if not valid:
        # Other platforms use the name INSTANCE_ID too: their value means "not a notebook instance", not "malformed".
        message = _(
            "Not running in a ModelArts notebook instance: looked for {places}.", places=_(", ").join(looked_for)
        )
        if malformed:
            hint = _("{source} is set, but is not a UUID.", source=malformed[0].source)
            message = sentences(message, hint)
        raise NotInInstanceError(message)
    first = valid[0]
    for other in valid[1:]:
        if other.value.lower() != first.value.lower():
            raise IdentityError(
                _(
                    "Two sources disagree about which instance this is: {source} says {value}, {other}"
                    " says {other_value}. Nothing is stopped.",
                    source=first.source,
                    value=first.value,
                    other=other.source,
                    other_value=other.value,
                ),
                code="identity_conflict",
                remedy=_("Find out which one is right, and correct the other."),
            )
    return SourcedValue(first.value.lower(), first.source)


def find_identity(
    config: NotebookStop | None,
    *,
    environ: Mapping[str, str] | None = None,
    hostname: str | None = None,
    base_url: str | None = None,
) -> Identity:
    """Return who this instance is, as far as this process knows without the platform's SDK.

    Parameters
    ----------
    config
        The settings, which go first; an id set there must agree with the other sources. None where nothing is set.
    environ
        Environment variables, those of this process by default.
    hostname
        Name of the machine, by default that of this one; ``notebook-<id>`` in an instance.
    base_url
        The Jupyter server's base_url, ``/<id>/`` in an instance; None if there is no server.

    Raises
    ------
    NotInInstanceError
        When no source has an instance id.
    IdentityError
        When something is malformed, or two sources name different instances.
    """
    environ = os.environ if environ is None else environ
    hostname = socket.gethostname() if hostname is None else hostname
    instance_id = _find_instance_id(config, environ, hostname, base_url)
    project, region, endpoint = (
        next(iter(_candidates(config, trait, environ, *variables)), None)
        for trait, variables in (
            ("project_id", PROJECT_VARIABLES),
            ("region", (REGION_VARIABLE,)),
            ("endpoint", (ENDPOINT_VARIABLE,)),
        )
    )
    return Identity(
        instance_id=instance_id,
        project_id=_checked(project, is_project_id, _("project id"), _("32 hexadecimal digits")),
        region=_checked(region, _is_region, _("region"), _("a region name such as cn-north-4")),
        endpoint=SourcedValue(check_endpoint(endpoint.value, endpoint.source), endpoint.source) if endpoint else None,
    )


def complete_identity(identity: Identity, project_id: SourcedValue | None, region: SourcedValue | None) -> Identity:
    """Return `identity` with what is still missing: from the platform, or derived from the region.

    Parameters
    ----------
    identity
        What this process knows by itself.
    project_id, region
        As the credentials or the platform's SDK session know them, if they do.

    Raises
    ------
    IdentityError
        When the project, or both region and endpoint, cannot be determined.
    """
    project_id = identity.project_id or _checked(project_id, is_project_id, _("project id"), _("32 hexadecimal digits"))
    region = identity.region or _checked(region, _is_region, _("region"), _("a region name such as cn-north-4"))
    if project_id is None:
        raise IdentityError(
            _("Could not determine the project of this instance."),
            code="no_project",
            remedy=_("Set c.NotebookStop.project_id or the environment variable PROJECT_ID."),
        )
    endpoint = identity.endpoint
    if endpoint is None and region is not None:
        endpoint = SourcedValue(endpoint_of(region.value), _("region from {source}", source=region.source))
    if endpoint is None:
        raise IdentityError(
            _("Could not determine the region of this instance."),
            code="no_region",
            remedy=_(
                "Set c.NotebookStop.region, or the environment variable {region_variable} or {endpoint_variable}.",
                region_variable=REGION_VARIABLE,
                endpoint_variable=ENDPOINT_VARIABLE,
            ),
        )
    return Identity(
        instance_id=identity.instance_id,
        project_id=SourcedValue(project_id.value.lower(), project_id.source),
        region=region,
        endpoint=endpoint,
    )
