"""What of the simulator's behaviour can be changed while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from .operations import operations_of
from .responses import Refusal, check_shape


@dataclass
class Settings:
    """The behaviour of the service.

    Parameters
    ----------
    stop_answer_status
        Status of the response to an accepted stop, 200 or 201.
    stop_answer_empty
        Whether the response to an accepted stop has no body.
    error_shape
        One of `responses.ERROR_SHAPES`.
    echo_canonical_request
        Whether the response to a wrong signature shows the canonical request,
        with all signed headers.
    clock_skew
        Seconds that the service's clock is ahead, for the check of
        ``X-Sdk-Date`` and for the Date header.
    denied
        Error codes of the operations that are refused with 403, by operation.
    """

    stop_answer_status: int = 200
    stop_answer_empty: bool = False
    error_shape: str = "error_code"
    echo_canonical_request: bool = False
    clock_skew: float = 0.0
    denied: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_shape(self.error_shape)

    def deny(self, operation: str, code: str = "ModelArts.0112") -> None:
        """Forbid an operation, a group of them, or ``"any"``, to everyone."""
        for name in operations_of(operation):
            self.denied[name] = code

    def allow(self, operation: str) -> None:
        """Permit it again."""
        for name in operations_of(operation):
            self.denied.pop(name, None)

    def check_permission(self, operation: str) -> None:
        """Raise `Refusal` if the operation is forbidden."""
        code = self.denied.get(operation)
        if code is not None:
            raise Refusal(403, code, f"The simulated user has no permission for {operation}.")
