"""Files that are made from declarations are what would be made now."""

import pytest

from bnviz import documents


@pytest.mark.parametrize("path", documents.generate_all(), ids=lambda path: path.name)
def test_a_made_file_is_up_to_date(path):
    assert path.read_text(encoding="utf-8") == documents.generate_all()[path], "make documents"


def test_a_page_without_a_place_for_a_table_is_refused():
    with pytest.raises(ValueError, match="0 places for the table header"):
        documents.recording_page("# Recording\n")
