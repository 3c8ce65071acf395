"""The objects of the notebook API's responses, field by field.

Source: the public page "Stopping a Notebook Instance" of the ModelArts API
reference, and the newer fields of the official SDK. Every field may be absent
or null; unknown fields are ignored, and unknown values are accepted. Times are
epoch milliseconds in UTC.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Type, Union

import msgspec

from ..redaction import Secret


class _Model(msgspec.Struct, kw_only=True, frozen=True):
    """An object of the API."""


class JobProgress(_Model, frozen=True):
    """A step of what the platform does with the instance; the newest SDK calls its text ``description``."""

    notebook_id: Optional[str] = None
    status: Optional[str] = None
    step: Optional[int] = None
    step_description: Optional[str] = None
    description: Optional[str] = None

    @property
    def text(self) -> str | None:
        """What the step does, under either name."""
        return self.step_description or self.description


class EndpointsRes(_Model, frozen=True):
    """A way into the instance: the notebook itself or SSH."""

    allowed_access_ips: Optional[List[str]] = None
    dev_service: Optional[str] = None
    ssh_keys: Optional[List[str]] = None
    key_pair_names: Optional[List[str]] = None
    service: Optional[str] = None
    uri: Optional[str] = None


class NotebookCustomSpecRep(_Model, frozen=True):
    """Resources of an instance in a dedicated pool; `memory` is in GB as the platform counts it."""

    gpu: Optional[float] = None
    gpu_type: Optional[str] = None
    cpu: Optional[float] = None
    memory: Optional[float] = None
    arch: Optional[str] = None
    category: Optional[str] = None
    resource_flavor: Optional[str] = None


class Tag(_Model, frozen=True):
    """A tag of the resource management service."""

    key: Optional[str] = None
    value: Optional[str] = None


class Image(_Model, frozen=True):
    """The image the instance runs; `size` is in KB."""

    arch: Optional[str] = None
    create_at: Optional[int] = None
    description: Optional[str] = None
    dev_services: Optional[List[str]] = None
    id: Optional[str] = None
    name: Optional[str] = None
    namespace: Optional[str] = None
    origin: Optional[str] = None
    resource_categories: Optional[List[str]] = None
    service_type: Optional[str] = None
    size: Optional[int] = None
    status: Optional[str] = None
    status_message: Optional[str] = None
    support_res_categories: Optional[List[str]] = None
    swr_path: Optional[str] = None
    tag: Optional[str] = None
    type: Optional[str] = None
    update_at: Optional[int] = None
    visibility: Optional[str] = None
    workspace_id: Optional[str] = None
    flavor_type: Optional[str] = None
    swr_instance_id: Optional[str] = None
    show_name: Optional[str] = None
    show_tag: Optional[str] = None
    tags: Optional[List[Tag]] = None


class Lease(_Model, frozen=True):
    """The countdown to the automatic stop; `duration` is in ms."""

    create_at: Optional[int] = None
    duration: Optional[int] = None
    enable: Optional[bool] = None
    type: Optional[str] = None
    update_at: Optional[int] = None

    @property
    def idle(self) -> bool:
        """Whether `duration` counts from the last activity instead of from `create_at`."""
        return (self.type or "").upper() == "IDLE"

    @property
    def expires_at(self) -> int | None:
        """When the instance stops automatically, or None if no fixed time is set."""
        if not self.enable or self.idle or self.create_at is None or self.duration is None:
            return None
        return self.create_at + self.duration


class Pool(_Model, frozen=True):
    """The dedicated resource pool."""

    id: Optional[str] = None
    name: Optional[str] = None


class VolumeRes(_Model, frozen=True):
    """The storage that outlives a stop; `capacity` is in GB."""

    capacity: Optional[int] = None
    category: Optional[str] = None
    mount_path: Optional[str] = None
    ownership: Optional[str] = None
    status: Optional[str] = None
    id: Optional[str] = None
    read_only: Optional[bool] = None
    dew_secret_name: Optional[str] = None
    evs_sku_code: Optional[str] = None
    uri: Optional[str] = None
    mount_type: Optional[str] = None


class DataVolume(_Model, frozen=True):
    """A further storage mounted into the instance."""

    category: Optional[str] = None
    mount_path: Optional[str] = None
    url: Optional[str] = None
    uri: Optional[str] = None
    status: Optional[str] = None
    mount_type: Optional[str] = None


class Domain(_Model, frozen=True):
    """The account a user belongs to."""

    id: Optional[str] = None
    name: Optional[str] = None


class User(_Model, frozen=True):
    """Who the instance belongs to."""

    domain: Optional[Domain] = None
    id: Optional[str] = None
    name: Optional[str] = None


class AffinityRule(_Model, frozen=True):
    """A rule for choosing nodes; `weight` is 0 to 100, or None for a strong rule."""

    key: Optional[str] = None
    operator: Optional[str] = None
    values: Optional[List[str]] = None
    weight: Optional[int] = None


class AffinityType(_Model, frozen=True):
    """Which nodes of a dedicated pool the instance may run on."""

    required_during_scheduling_ignored_during_execution: Optional[List[AffinityRule]] = None
    preferred_during_scheduling_ignored_during_execution: Optional[List[AffinityRule]] = None


class RunUserInfo(_Model, frozen=True):
    """The user that the container starts as."""

    uid: Optional[int] = None
    gid: Optional[int] = None
    user_name: Optional[str] = None
    group_name: Optional[str] = None


class UserVpc(_Model, frozen=True):
    """The user's own network that the instance is joined to."""

    vpc_id: Optional[str] = None
    subnet_id: Optional[str] = None
    security_group_ids: Optional[List[str]] = None
    connect_cidrs: Union[str, List[str], None] = None
    port_id: Union[str, List[str], None] = None
    port_ip: Optional[str] = None
    nat_id: Optional[str] = None
    eip_id: Optional[str] = None


class Notebook(_Model, frozen=True):
    """A notebook instance, as show and stop return it.

    `token` is the Jupyter server's own access token; as a `Secret` it cannot
    be printed or serialized by accident.
    """

    action_progress: Optional[List[JobProgress]] = None
    description: Optional[str] = None
    endpoints: Optional[List[EndpointsRes]] = None
    fail_reason: Optional[str] = None
    flavor: Optional[str] = None
    custom_spec: Optional[NotebookCustomSpecRep] = None
    id: Optional[str] = None
    image: Optional[Image] = None
    lease: Optional[Lease] = None
    name: Optional[str] = None
    pool: Optional[Pool] = None
    status: Optional[str] = None
    token: Optional[Secret] = None
    url: Optional[str] = None
    volume: Optional[VolumeRes] = None
    workspace_id: Optional[str] = None
    feature: Optional[str] = None
    billing_items: Optional[List[str]] = None
    user: Optional[User] = None
    affinity: Optional[AffinityType] = None
    run_user: Optional[RunUserInfo] = None
    data_volumes: Optional[List[DataVolume]] = None
    ip: Optional[str] = None
    user_vpc: Optional[UserVpc] = None
    user_id: Optional[str] = None
    is_need_credentials: Optional[bool] = None
    jupyter_version: Optional[str] = None
    tags: Optional[List[Tag]] = None


def _decode_secret(kind: Type[Any], value: Any) -> Any:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError("expected a text")


def decode(body: bytes) -> Notebook:
    """Return the instance that a show or stop response describes.

    A field whose value has an unexpected type is left out: an odd image size
    is no reason not to stop an instance.

    Parameters
    ----------
    body
        JSON in UTF-8.

    Raises
    ------
    ValueError
        When `body` is not a JSON object; the message contains no value of it.
    """
    try:
        return msgspec.json.decode(body, type=Notebook, strict=False, dec_hook=_decode_secret)
    except msgspec.ValidationError as error:
        reason = str(error)
    except msgspec.DecodeError as error:
        # In msgspec 0.20, the last for Python 3.9, this is not a ValueError.
        raise ValueError(str(error)) from None
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    except UnicodeDecodeError:
        reason = "JSON is not UTF-8"
    fields = _fields(body)
    if fields is None:
        # Raised here, since the error that was caught contains the whole text, including the token.
        raise ValueError(reason)
    return Notebook(**fields)


def _fields(body: bytes) -> Optional[Dict[str, Any]]:
    """Return the fields that can be read, one by one, or None if `body` is not an object."""
    try:
        parts = msgspec.json.decode(body, type=Dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    found = {}
    for field in msgspec.structs.fields(Notebook):
        if field.encode_name in parts:
            try:
                found[field.name] = msgspec.json.decode(
                    parts[field.encode_name], type=field.type, strict=False, dec_hook=_decode_secret
                )
            except (msgspec.MsgspecError, UnicodeDecodeError):
                continue
    return found
