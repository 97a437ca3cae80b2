"""The estimated size of a snapshot, compressed, from what the schema declares: how many values a key has, of how many bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from bnviz import normalizers
from bnviz.config.experiment import BINS, PERCENTILES, WATCHED_UNITS, Experiment
from bnviz.data import DATA_SETS
from bnviz.normalizers import SPECS
from bnviz.record.ndjson import TAPS
from bnviz.record.schema import Key

OVERHEAD = 12  # bytes of an array or a single value beside its digits: its name, its type, its shape
WINDOW = 24_000  # bytes of an array that deflate still finds again when it follows once more: 32 kB in base64
EXAMPLES = 8  # of the next minibatch that `unit_examples` shows
ITEM_BYTES = {"bins": 2}  # of a value before it is compressed, by the last axis; 4 of others


def sizes_of(experiment: Experiment) -> dict[str, int]:
    """The sizes of the names in the schema's shapes, except those that a measure declares itself."""
    return {
        "layers": experiment.hidden_layers,
        "width": experiment.width,
        "watched": WATCHED_UNITS,
        "bins": BINS,
        "percentiles": len(PERCENTILES),
        "classes": DATA_SETS[experiment.dataset].classes,
        "examples": EXAMPLES,
        "parts": 2,
    }


def compressed_bytes(keys: Iterable[Key], sizes: Mapping[str, int], normalizer_keys: Iterable[str]) -> float:
    """What these keys add to a snapshot of an arm that has these normalizers (keys of SPECS), in bytes, compressed.

    Raises KeyError for a shape with a name that `sizes` lacks.
    """
    specs = [SPECS[key] for key in normalizer_keys]
    own = {one.name for spec in specs for quantity in spec.quantities for one in quantity.records}
    absent = {one.name for one in (*normalizers.quantities(), *normalizers.parameters())} - own
    is_plain = not any(spec.steps for spec in specs)
    return sum(_key_bytes(key, sizes, absent, is_plain) for key in keys)


def _key_bytes(key: Key, sizes: Mapping[str, int], absent: set[str], is_plain: bool) -> float:
    if key.optional and (is_plain or key.name in absent):
        return 0
    if key.parts:
        return sum(_key_bytes(part, sizes, absent, is_plain) for part in key.parts)
    values = math.prod(size_of(name, sizes) for name in key.sizes)
    array = OVERHEAD + values * key.value_bytes
    if not key.by_tap:
        return array
    repeated = is_plain and values * ITEM_BYTES.get(key.sizes[-1], 4) < WINDOW  # z is what enters the nonlinearity
    return array * (len(TAPS) - repeated)


def size_of(name: str, sizes: Mapping[str, int]) -> int:
    """The size of a name in a shape: a number, a size, or a size and a little more ("layers+1")."""
    base, _, more = name.partition("+")
    return (int(base) if base.isdigit() else sizes[base]) + int(more or 0)
