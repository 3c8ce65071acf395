"""The settings: each has its help, secrets stay hidden, nonsense is refused."""

from __future__ import annotations

import io
import logging
import traceback
from typing import Any, Callable

import pytest
from traitlets import TraitError
from traitlets.config import Application, Config
from traitlets.config.loader import DeferredConfigList, DeferredConfigString

from jupyter_notebook_stop.config import BUILTIN_SOURCES, NotebookStop
from jupyter_notebook_stop.modelarts.credential_sources import builtin_sources
from jupyter_notebook_stop.redaction import HIDDEN, Secret

SECONDS = (
    "credential_timeout",
    "connect_timeout",
    "read_timeout",
    "total_timeout",
    "poll_interval",
    "roll_call_timeout",
    "save_timeout",
    "cell_timeout",
    "schedule_countdown",
    "idle_grace",
    "longest_schedule",
)
TRAITS = NotebookStop.class_own_traits(config=True)


class Terminal(Application):
    """A command with these settings."""

    classes = [NotebookStop]  # noqa: RUF012


def test_the_names_that_are_fixed() -> None:
    wanted = {"endpoint", "region", "project_id", "instance_id", "auth_token", "credential_sources", "console_url"}
    others = {"silent_tabs", "schedule_enabled", "idle_terminals", "locale"}
    assert set(TRAITS) == wanted | others | set(SECONDS)


@pytest.mark.parametrize("name", TRAITS)
def test_every_setting_has_help(name: str) -> None:
    assert len(TRAITS[name].help) > 20
    assert TRAITS[name].help.rstrip().endswith(".")


def test_the_help_can_be_printed_and_has_every_setting() -> None:
    text = NotebookStop.class_get_help() + NotebookStop.class_config_section()
    for name in TRAITS:
        assert text.count(name) >= 2


def test_the_sources_that_exist_are_those_that_can_be_named() -> None:
    assert list(builtin_sources(None, {})) == BUILTIN_SOURCES
    assert NotebookStop().credential_sources == BUILTIN_SOURCES


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", [0, -1, "soon", float("inf"), float("nan"), None, [], "inf"])
def test_a_bad_duration_is_refused(name: str, value: Any) -> None:
    with pytest.raises(TraitError, match=name):
        NotebookStop(**{name: value})
    configured = NotebookStop(config=Config(NotebookStop={name: 3}))
    with pytest.raises(TraitError, match=name):
        setattr(configured, name, value)
    assert getattr(configured, name) == 3.0


@pytest.mark.parametrize("name", SECONDS)
def test_a_good_duration(name: str) -> None:
    assert getattr(NotebookStop(), name) > 0
    for value in (0.5, "0.5"):
        assert getattr(NotebookStop(**{name: value}), name) == 0.5


@pytest.mark.parametrize("value", [5, [5], [None], {"environment": 1}])
def test_bad_sources_are_refused(value: Any) -> None:
    with pytest.raises(TraitError, match="credential_sources"):
        NotebookStop(credential_sources=value)


@pytest.mark.parametrize("value", ["sk-secret", " sk-secret\n", Secret("sk-secret")])
def test_the_token_is_kept_as_a_secret(value: Any) -> None:
    config = NotebookStop(auth_token=value)
    assert config.auth_token.reveal() == "sk-secret"
    for shown in (config.auth_token, config.trait_values(), config.trait_defaults(), vars(config)):
        assert "sk-secret" not in f"{shown} {shown!r}"
    assert not NotebookStop().auth_token


@pytest.mark.parametrize("value", [["sk-secret"], {"a": "sk-secret"}, ("sk-secret",), b"sk-secret", 5, None])
def test_an_error_does_not_show_the_token(value: Any) -> None:
    makers: list[Callable[[], NotebookStop]] = [
        lambda: NotebookStop(auth_token=value),
        lambda: NotebookStop(config=Config(NotebookStop={"auth_token": value})),
    ]
    for make in makers:
        with pytest.raises(TraitError) as caught:
            make()
        assert str(caught.value) == "auth_token must be a text."
        assert "sk-secret" not in "".join(traceback.format_exception_only(type(caught.value), caught.value))


@pytest.mark.parametrize("given", [["sk-secret"], ["sk-other", "sk-secret"]])
def test_the_token_of_a_command_line(given: list[str]) -> None:
    terminal: Any = Terminal()
    terminal.parse_command_line([f"--NotebookStop.auth_token={value}" for value in given])
    deferred: Any = DeferredConfigList(given) if len(given) > 1 else DeferredConfigString(given[0])
    for config in (terminal.config, Config(NotebookStop={"auth_token": deferred})):
        assert NotebookStop(config=config).auth_token.reveal() == "sk-secret"


def test_a_token_that_is_set_is_not_logged() -> None:
    stream = io.StringIO()
    log = logging.getLogger("test_config")
    log.addHandler(logging.StreamHandler(stream))
    log.setLevel(logging.DEBUG)
    terminal = Terminal(log=log)
    terminal.update_config(Config(NotebookStop={"auth_token": "sk-secret", "no_such_setting": 1}))
    with pytest.warns(UserWarning, match="no_such_setting"):
        config = NotebookStop(parent=terminal)
    assert config.auth_token.reveal() == "sk-secret"
    seen: list[Any] = []
    config.observe(seen.append, "auth_token")
    config.auth_token = "sk-secret-2"
    assert seen
    assert HIDDEN in str(seen)
    assert "sk-secret" not in str(seen)
    assert "sk-secret" not in stream.getvalue()


@pytest.mark.parametrize(
    ("url", "region", "shown"),
    [
        ("https://c.example/?region={region}", "cn-north-4", "https://c.example/?region=cn-north-4"),
        ("https://c.example/?region={region}", None, None),
        ("https://c.example/", None, "https://c.example/"),
        ("", "cn-north-4", None),
    ],
)
def test_the_console(url: str, region: str | None, shown: str | None) -> None:
    assert NotebookStop(console_url=url).console(region) == shown
