"""The demo tells how to begin only when there is something to see."""

from __future__ import annotations

import json

import pytest

from jupyter_notebook_stop.demo import app
from jupyter_notebook_stop.demo.lab import Lab


class LabWithoutTheExtension(Lab):
    """A JupyterLab whose server does not load the extension."""

    def __enter__(self) -> Lab:
        super().__enter__()
        settings = {"ServerApp": {"jpserver_extensions": {"jupyter_notebook_stop": False}}}
        (self._root / "config" / "jupyter_server_config.json").write_text(json.dumps(settings), encoding="utf-8")
        return self


def run(monkeypatch: pytest.MonkeyPatch, lab: type[Lab]) -> tuple[int, str]:
    """Run the demo with this JupyterLab; return its exit code and what it said."""
    monkeypatch.setattr(app, "Lab", lab)
    monkeypatch.setattr(app, "_interrupt_once", lambda: None)
    said: list[str] = []
    return app.Demo(open_browser=False, say=said.append).run(), "\n".join(said)


def test_a_server_without_the_extension_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = run(monkeypatch, LabWithoutTheExtension)
    assert code == 1
    assert "Press Ctrl+Shift+C" not in said
    assert "JupyterLab is running without this extension" in said
    assert "GET jupyter-notebook-stop/instance: HTTP Error 404: Not Found" in said
    assert "-m jupyter server extension list" in said
    assert "The end of its log:" in said
