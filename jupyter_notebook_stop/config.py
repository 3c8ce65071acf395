"""Every setting, as traits of one class: section ``c.NotebookStop``, shared by server and terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from traitlets import Bool, CFloat, Enum, List, TraitError, TraitType, Unicode, Union
from traitlets import Callable as CallableTrait
from traitlets.config import Configurable

from .redaction import Secret
from .translation import _

if TYPE_CHECKING:
    _SecretTrait = TraitType[Secret, Any]
    _FloatTrait = CFloat[float, Any]
else:
    # Before traitlets 5.10 they cannot be subscripted at run time.
    _SecretTrait, _FloatTrait = TraitType, CFloat

BUILTIN_SOURCES = ["auth_token", "environment", "profile", "session", "pod_identity"]

CONFIG_NAME = "jupyter_notebook_stop_config"
"""Name of the file, without its ending, that server, cell and terminal all read ``c.NotebookStop`` from."""

SCHEDULE_FILES = "jupyter_notebook_stop-schedule-*.json"
"""Files in Jupyter's runtime folder that keep the schedules of servers, each named for its process."""


class SecretText(_SecretTrait):
    """A text that is kept as a `Secret`."""

    info_text = "a secret text"
    default_value = Secret("")

    def validate(self, obj: Any, value: Any) -> Secret:
        """Wrap a text; errors never show the value."""
        if isinstance(value, Secret):
            return value
        if isinstance(value, str):
            return Secret(value.strip())
        raise self._bad_value()

    def from_string(self, s: str) -> Secret:
        """Take a value from the command line."""
        return Secret(s.strip())

    def from_string_list(self, values: list[str]) -> Secret:
        """Take the last of several values; traitlets itself would print them all in an error."""
        return self.from_string(values[-1])

    def _bad_value(self) -> Exception:
        return TraitError(f"{self.name} must be a text.")


class _Seconds(_FloatTrait):
    """A positive number of seconds."""

    info_text = "a positive number of seconds"

    def validate(self, obj: Any, value: Any) -> float:
        seconds = super().validate(obj, value)
        if not 0 < seconds < float("inf"):
            self.error(obj, value)
        return seconds


class NotebookStop(Configurable):
    """How to find and stop the notebook instance that this process runs in.

    Inside an instance everything is detected automatically.
    """

    instance_id = Unicode(
        "",
        help=_(
            "Id of the instance, a UUID. Detected automatically inside an instance (environment variable"
            " INSTANCE_ID, hostname, base_url). If two sources disagree, nothing is stopped."
        ),
    ).tag(config=True)

    project_id = Unicode(
        "",
        help=_(
            "Id of the project, 32 hexadecimal digits. Default: environment variable PROJECT_ID or"
            " HUAWEICLOUD_SDK_PROJECT_ID, then the value from the credentials, then from the platform's SDK."
        ),
    ).tag(config=True)

    region = Unicode(
        "",
        help=_(
            "Region, such as cn-north-4. Default: environment variable MODELARTS_REGION, then the credentials',"
            " then the platform's SDK."
        ),
    ).tag(config=True)

    endpoint = Unicode(
        "",
        help=_(
            "Scheme and host of the ModelArts service. Default: environment variable MODELARTS_ENDPOINT, then the"
            " public endpoint of the region. Plain http is accepted on loopback only."
        ),
    ).tag(config=True)

    auth_token = SecretText(
        help=_(
            "IAM token, sent as X-Auth-Token instead of a signature. Prefer the environment variable"
            " MODELARTS_AUTH_TOKEN to the command line, which other users of the machine can read."
        ),
    ).tag(config=True)

    credential_sources = List(
        Union([Unicode(), CallableTrait()]),
        default_value=list(BUILTIN_SOURCES),
        help=_(
            "Where to look for credentials, in this order; the first source that has any wins. Names of this"
            " package (auth_token, environment, profile, session, pod_identity), the dotted name of a function"
            " without arguments that returns jupyter_notebook_stop.Credentials or None, or the function itself."
        ),
    ).tag(config=True)

    credential_timeout = _Seconds(8.0, help=_("Longest wait for one source of credentials, in seconds.")).tag(
        config=True
    )

    connect_timeout = _Seconds(5.0, help=_("Longest wait for a connection to the cloud, in seconds.")).tag(config=True)

    read_timeout = _Seconds(15.0, help=_("Longest wait between two pieces of a response, in seconds.")).tag(config=True)

    total_timeout = _Seconds(40.0, help=_("Longest time for one operation with all its retries, in seconds.")).tag(
        config=True
    )

    poll_interval = _Seconds(
        2.0, help=_("How often the state of an instance that is stopping is read, in seconds.")
    ).tag(config=True)

    roll_call_timeout = _Seconds(2.0, help=_("How long open tabs have to respond before a stop, in seconds.")).tag(
        config=True
    )

    save_timeout = _Seconds(
        15.0, help=_("How long a tab that has responded has to save before the stop is cancelled, in seconds.")
    ).tag(config=True)

    cell_timeout = _Seconds(
        10.0,
        help=_(
            "How long a stop that a cell has requested waits for this cell to end, in seconds, so that the"
            " notebook is saved with its execution count and all of its outputs."
        ),
    ).tag(config=True)

    silent_tabs = Enum(
        ["cancel", "ignore"],
        default_value="cancel",
        help=_(
            "What to do if a page or another program is connected to a kernel and does not respond:"
            " cancel the stop, or continue without it. A user who requests the stop in a page is asked."
        ),
    ).tag(config=True)

    schedule_enabled = Bool(
        True, help=_("Whether users may schedule a stop, at a set time or when the instance is idle.")
    ).tag(config=True)

    schedule_countdown = _Seconds(
        60.0, help=_("How long every open tab shows a countdown before a scheduled stop, in seconds.")
    ).tag(config=True)

    idle_grace = _Seconds(
        600.0,
        help=_(
            "How long the instance must be idle before it is stopped, in seconds. Users can choose another duration."
        ),
    ).tag(config=True)

    idle_terminals = Enum(
        ["children", "open", "ignore"],
        default_value="children",
        help=_(
            "Which terminals count as work: those whose shell runs a program, every open one, or none. Where"
            " running programs cannot be detected, `children` works like `open`."
        ),
    ).tag(config=True)

    longest_schedule = _Seconds(
        604_800.0, help=_("How far in the future a stop may be scheduled, and the longest grace period, in seconds.")
    ).tag(config=True)

    console_url = Unicode(
        "https://console.huaweicloud.com/modelarts/?region={region}",
        help=_("Where the user can start the instance again; {region} is replaced. If empty, no link is shown."),
    ).tag(config=True)

    locale = Unicode(
        "",
        help=_(
            "The language of cells and terminals, such as zh_CN or en. Default: the environment variables"
            " LANGUAGE, LC_ALL, LC_MESSAGES and LANG. A page uses the language of JupyterLab."
        ),
    ).tag(config=True)

    def console(self, region: str | None) -> str | None:
        """Return the console's address for `region`, or None if there is none to show."""
        if not self.console_url or ("{region}" in self.console_url and not region):
            return None
        return self.console_url.replace("{region}", region or "")
