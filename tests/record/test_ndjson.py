import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from bnviz.record import ndjson
from bnviz.record.ndjson import decode, encode, rounded, smallest_type

DTYPES = ["f4", "f8", "u1", "u2", "u4", "i1", "i2", "i4"]
FLOATS = st.floats(width=32, allow_nan=True, allow_infinity=True, allow_subnormal=True)
shapes = arrays.array_shapes(min_dims=1, max_dims=3, max_side=9)
quick = settings(max_examples=100, deadline=None)


@quick
@given(st.sampled_from(DTYPES).flatmap(lambda dtype: arrays.arrays(dtype, shapes)))
def test_encoding_round_trips_bit_for_bit(array):
    decoded = decode(json.loads(json.dumps(encode(array))))
    assert decoded.dtype == array.dtype and decoded.shape == array.shape and decoded.tobytes() == array.tobytes()


def test_a_typed_array_is_plotlys_own_object():
    """Plotly's typed-array specification: dtype, base64 of little-endian bytes, shape as comma separated sizes."""
    assert encode(np.array([[1, 258]], ">u2")) == {"dtype": "u2", "bdata": "AQACAQ==", "shape": "1, 2"}


def test_strided_arrays_are_encoded_by_value():
    array = np.arange(12, dtype="f4").reshape(3, 4).T[::2]
    assert np.array_equal(decode(encode(array)), array)


@pytest.mark.parametrize("dtype", ["f2", "i8", "u8", "c8", "?"])
def test_dtypes_without_a_typed_array_in_plotly_are_an_error(dtype):
    with pytest.raises(TypeError, match="Plotly"):
        encode(np.zeros(2, dtype))


def test_scalars_that_are_not_finite_become_null_at_any_depth():
    message = {"a": np.float32("nan"), "b": [float("inf"), {"c": np.float64("-inf")}], "d": (1.5, np.float32(2))}
    assert ndjson.line(message) == b'{"a":null,"b":[null,{"c":null}],"d":[1.5,2.0]}\n'


def test_a_line_is_one_line_of_utf8_without_spaces():
    encoded = ndjson.line({"type": "snapshot", "text": "two\nlines, β", "n": [1, 2]})
    assert encoded.count(b"\n") == 1 and encoded.endswith(b"\n") and b'"n":[1,2]' in encoded
    assert next(ndjson.read([encoded]))["text"] == "two\nlines, β"


def test_reading_gives_back_arrays_and_everything_else():
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    (message,) = ndjson.read([ndjson.line({"arms": {"none": {"mean": {"linear": array}}}, "step": 3})])
    assert message["step"] == 3
    assert np.array_equal(message["arms"]["none"]["mean"]["linear"], array)


def test_an_end_is_known_by_its_first_bytes():
    for status in ndjson.STATUSES:
        encoded = ndjson.end(status, 'said "so"', 1.23456)
        assert ndjson.is_end(encoded) and ndjson.status(encoded) == status
        assert json.loads(encoded) == {"type": "end", "status": status, "message": 'said "so"', "seconds": 1.235}
    assert not ndjson.is_end(ndjson.line({"type": "snapshot", "text": '{"type":"end"'}))


def test_unknown_statuses_are_refused():
    with pytest.raises(ValueError, match="bored"):
        ndjson.end("bored", "", 0.0)


@quick
@given(arrays.arrays(np.float32, (2, 16), elements=st.floats(width=32, allow_nan=False, allow_infinity=False)))
def test_rounding_stays_within_its_bound_and_finite(rows):
    result = rounded(rows)
    root_mean_square = np.sqrt((rows.astype(np.float64) ** 2).mean(-1, keepdims=True))
    assert result.dtype == np.float32 and np.isfinite(result).all()
    assert (np.abs(result.astype(np.float64) - rows) <= root_mean_square / 128).all()


@quick
@given(arrays.arrays(np.float32, (2, 8), elements=FLOATS))
def test_rounding_never_hides_what_is_not_finite(rows):
    result = rounded(rows)
    assert np.array_equal(np.isnan(result), np.isnan(rows))
    assert np.array_equal(np.isinf(result), np.isinf(rows))


def test_rounding_keeps_zeros_and_leaves_few_bits_set():
    rows = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    assert np.array_equal(rounded(np.zeros((2, 5), np.float32)), np.zeros((2, 5)))
    assert np.unique(rounded(rows)[0].view(np.uint8).reshape(64, 4)[:, 0]).tolist() == [0]


@pytest.mark.parametrize("largest, dtype", [(0, "u1"), (255, "u1"), (256, "u2"), (65535, "u2"), (65536, "u4")])
def test_counts_take_the_smallest_type_that_holds_them(largest, dtype):
    counts = smallest_type(np.array([0, largest]))
    assert counts.dtype == dtype and counts.tolist() == [0, largest]
