"""Files that are made from declarations are what would be made now."""

import json
from pathlib import Path

import pytest

from bnviz import documents

BENCHMARKS = Path(__file__).parents[2] / "docs" / "benchmarks.json"


@pytest.mark.parametrize("path", documents.generate_all(), ids=lambda path: path.name)
def test_a_made_file_is_up_to_date(path):
    assert path.read_text(encoding="utf-8") == documents.generate_all()[path], "make documents"


def test_a_page_without_a_place_for_a_table_is_refused():
    with pytest.raises(ValueError, match="0 places for the table header"):
        documents.recording_page("# Recording\n")


def test_a_row_of_a_benchmark_is_found_again_by_its_name():
    """What it measured before is looked up by its name; rows with the same one compare one figure with several peers."""
    for subject, measured in json.loads(BENCHMARKS.read_text(encoding="utf-8")).items():
        figures = {(row["what"], row["ours"]) for row in measured["rows"]}
        assert len(figures) == len({what for what, _ in figures}), subject
