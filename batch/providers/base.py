"""What every provider can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from decimal import Decimal

    from batch.core.prediction import (
        ExecutionPage,
        Listing,
        NoAnswer,
        NotListed,
        PollOutcome,
        SubmitOutcome,
        SubmitRequest,
        Upload,
    )


class Provider(Protocol):
    """A service that turns a frame and a prompt into a clip.

    No method raises for what the network or the provider does: trouble is a value. Only `submit` costs money, and it
    sends at most one request, ever.
    """

    @property
    def clock_offset(self) -> float:
        """Seconds that the provider's clock is ahead of ours, from its newest `Date` header; 0 before the first."""

    async def upload(self, data: bytes, content_type: str, *, keep_seconds: int) -> Upload | NoAnswer:
        """Put a frame where the provider can read it. Free, and safe to repeat."""

    async def submit(self, request: SubmitRequest, settle: Callable[[SubmitOutcome], None]) -> SubmitOutcome:
        """Send the one paid request.

        Args:
            request: What to make.
            settle: Called with the outcome in the same synchronous step that parsed it, before anything can be
                cancelled: what it records cannot be lost between this call's return and its caller.
        """

    async def poll(self, prediction_id: str) -> PollOutcome:
        """Look at a prediction once."""

    async def cancel(self, prediction_id: str) -> NoAnswer | None:
        """Ask for a prediction to be cancelled; None when the provider took the request."""

    async def executions(
        self, model: str, *, since: datetime, until: datetime, cursor: str | None
    ) -> ExecutionPage | NoAnswer:
        """List a page of what this account had made between two moments of the provider's clock."""

    async def listing(self, model: str) -> Listing | NotListed | NoAnswer:
        """Look a model up in the provider's catalogue."""

    async def balance(self) -> Decimal | NoAnswer:
        """Ask for the account's balance in dollars; may be negative."""

    async def delete_upload(self, upload_id: str) -> NoAnswer | None:
        """Remove a frame from the provider; None when it is gone."""

    async def aclose(self) -> None:
        """Close every connection."""
