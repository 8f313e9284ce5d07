"""One text for equal inputs."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch.core.canonical import canonical


def test_keys_are_sorted_and_nothing_is_padded() -> None:
    """The order in which inputs were written does not matter."""
    assert canonical({"b": 1, "a": [True, None, "x"]}) == '{"a":[true,null,"x"],"b":1}'


@pytest.mark.parametrize(
    ("number", "text"),
    [("0.50", "0.5"), ("0.5", "0.5"), ("1.0", "1"), ("1E+2", "100"), ("-0.0", "0"), ("0.1", "0.1"), ("20", "20")],
)
def test_equal_numbers_have_one_text(number: str, text: str) -> None:
    """A trailing zero in a job must not buy everything again."""
    assert canonical(Decimal(number)) == text


def test_whole_numbers_are_equal_in_both_types() -> None:
    """`1` and `1.0` are one number on the wire."""
    assert canonical({"cfg": 1}) == canonical({"cfg": Decimal("1.0")})


def test_text_is_not_a_number_and_true_is_not_one() -> None:
    """A model that wants "5" is not asked the same by 5."""
    assert len({canonical("1"), canonical(1), canonical(True)}) == 3


@pytest.mark.parametrize("value", [0.5, {1, 2}, b"x", Decimal("NaN"), {"a": [0.1]}])
def test_what_has_no_exact_text_is_refused(value: object) -> None:
    """A float would hash differently from what was written."""
    with pytest.raises(TypeError):
        canonical(value)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_the_text_is_json_with_the_same_value(value: object) -> None:
    """Reading it back, with exact numbers, gives what went in."""
    assert json.loads(canonical(value), parse_float=Decimal) == value
