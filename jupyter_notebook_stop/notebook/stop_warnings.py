"""What a user should know before a stop: what will be lost, and which open tabs are not saved."""

from __future__ import annotations

from typing import List

from ..translation import _
from .environment import Environment


def stop_warnings(environment: Environment, save: bool) -> List[str]:
    """Return what a user should know before the stop, the most serious first."""
    found: List[str] = []
    unsaved = environment.unsaved_servers
    if unsaved:
        found.append(
            _("Press Ctrl+S now in every open tab of the Jupyter servers listed below. Unsaved changes will be lost.")
            if environment.saving_server and save
            else _("Press Ctrl+S in every open tab now. Unsaved changes will be lost.")
        )
        found += [
            _("The Jupyter server at {url} cannot save open tabs: {why}.", url=url, why=why)
            for url, why in unsaved.items()
        ]
    if not save and (environment.saving_server or not unsaved):
        found.append(_("Open tabs will not be saved first."))
    if environment.saving_server and environment.kernel:
        if environment.saving_server.connections is None:
            found.append(
                _(
                    "This kernel was not started by the Jupyter server. The program that runs this notebook has a few"
                    " seconds to write the file after the stop is accepted."
                )
            )
        elif environment.saving_server.connections == 0:
            found.append(
                _(
                    "Nobody is connected to this kernel, so its outputs will be lost. To keep them, run the notebook"
                    " with: papermill train.ipynb out.ipynb && jupyter notebook-stop stop --yes"
                )
            )
    return found
