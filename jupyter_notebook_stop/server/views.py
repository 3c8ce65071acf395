"""What leaves for the browser: the structs of `jupyter_notebook_stop.view`, made from what the server knows."""

from __future__ import annotations

from .. import view
from ..errors import NotebookStopError
from ..instance import ThisInstance
from .activity import AtRisk

problem = view.problem_of
attempt = view.attempt_of


def instance(this: ThisInstance, at_risk: AtRisk, error: NotebookStopError | None) -> view.Instance:
    """Return the instance as the API shows it.

    Parameters
    ----------
    this
        The instance, with what the cloud last said of it.
    at_risk
        What a stop would interrupt.
    error
        Why the cloud could not be read just now.
    """
    kernels = [
        view.BusyKernel(id=kernel.id, name=kernel.name, path=kernel.path, busy_since=kernel.busy_since)
        for kernel in at_risk.kernels
    ]
    return view.instance_of(this, view.AtRisk(kernels=kernels, terminals=list(at_risk.terminals)), error)
