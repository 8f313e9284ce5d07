"""Which failures may be bought again: the whole table of the provider's error codes."""

from __future__ import annotations

import pytest

from batch.core.prediction import Failure
from batch.core.retry import NO_OUTPUT, BuyAgain, Decision, GiveUp, Refused, decide

PAUSE = 30.0

AGAIN = (
    "PROVIDER_RATE_LIMIT",
    "PROVIDER_SERVER_ERROR",
    "NETWORK_ERROR",
    "WORKER_LOST",
    "EXECUTION_TIMEOUT",
    "PUBLISH_FAILED",
)
ONCE = ("INPUT_DOWNLOAD_ERROR", "PROVIDER_FAILED")
ONCE_LATER = ("PROVIDER_AUTH_ERROR", "PIPELINE_CONFIG_ERROR")
NEVER = ("INPUT_VALIDATION_ERROR", "PROVIDER_BAD_REQUEST", NO_OUTPUT)
EVERY = (*AGAIN, *ONCE, *ONCE_LATER, *NEVER, "PROVIDER_REJECTED", "SOMETHING_NEW", None)


def decided(
    code: str | None,
    *,
    message: str = "",
    retryable: bool | None = None,
    earlier: tuple[str, ...] = (),
    accepted: int = 1,
    attempts: int = 10,
) -> Decision:
    """Decide about a failure."""
    failure = Failure(code=code, message=message, retryable=retryable)
    return decide(failure, earlier_codes=earlier, accepted=accepted, attempts=attempts, pause=PAUSE)


@pytest.mark.parametrize("retryable", [None, True, False])
@pytest.mark.parametrize("code", AGAIN)
def test_trouble_that_passes_is_bought_again_however_often_it_came(code: str, retryable: bool | None) -> None:
    """The code decides, not the provider's own word on it."""
    assert decided(code, retryable=retryable, earlier=(code, code)) == BuyAgain(after=PAUSE)


@pytest.mark.parametrize(
    ("code", "after"), [*((code, PAUSE) for code in ONCE), *((code, 5 * PAUSE) for code in ONCE_LATER)]
)
def test_doubtful_trouble_is_bought_again_once(code: str, after: float) -> None:
    """The second time it gives up; other codes before it do not count."""
    assert decided(code, earlier=("NETWORK_ERROR",)) == BuyAgain(after=after)
    assert decided(code, earlier=(code, "NETWORK_ERROR")) == GiveUp(reason=f"{code} came twice")


@pytest.mark.parametrize("retryable", [None, True, False])
@pytest.mark.parametrize("code", NEVER)
def test_what_would_fail_again_is_never_bought_again(code: str, retryable: bool | None) -> None:
    """Not even where the provider calls it worth another attempt."""
    assert isinstance(decided(code, retryable=retryable), GiveUp)


@pytest.mark.parametrize("retryable", [None, True, False])
def test_a_rejected_content_is_refused(retryable: bool | None) -> None:
    """Refusals are told apart from failures."""
    assert decided("PROVIDER_REJECTED", retryable=retryable) == Refused()


@pytest.mark.parametrize("message", ["blocked: sentinel_block", "MODERATION_BLOCKED by upstream"])
@pytest.mark.parametrize("code", EVERY)
def test_the_words_of_a_refusal_count_under_any_code(code: str | None, message: str) -> None:
    """Upstream's own words for refused content, in any case, whatever code stands beside them."""
    assert decided(code, message=message, retryable=True) == Refused()


@pytest.mark.parametrize("code", [None, ""])
@pytest.mark.parametrize(("retryable", "bought"), [(True, True), (False, False), (None, False)])
def test_without_a_code_the_providers_word_decides(code: str | None, retryable: bool | None, bought: bool) -> None:
    """Silence is no."""
    assert isinstance(decided(code, retryable=retryable), BuyAgain if bought else GiveUp)


@pytest.mark.parametrize("retryable", [None, True, False])
def test_a_code_that_the_contract_does_not_list_is_not_bought_again(retryable: bool | None) -> None:
    """What it stands for is unknown, whether it is charged too: nothing is bought on a word that nobody defined."""
    assert isinstance(decided("SOMETHING_NEW", retryable=retryable), GiveUp)


@pytest.mark.parametrize("code", [code for code in EVERY if code != "PROVIDER_REJECTED"])
@pytest.mark.parametrize(("accepted", "attempts"), [(1, 1), (2, 2), (3, 2)])
def test_no_attempt_goes_beyond_the_jobs_number(code: str | None, accepted: int, attempts: int) -> None:
    """Whatever the code is."""
    assert isinstance(decided(code, retryable=True, accepted=accepted, attempts=attempts), GiveUp)


def test_a_refusal_on_the_last_attempt_is_still_a_refusal() -> None:
    """It is counted with the refused, not with the failed."""
    assert decided("PROVIDER_REJECTED", accepted=2, attempts=2) == Refused()
