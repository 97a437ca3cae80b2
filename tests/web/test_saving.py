"""What a run is cited by."""

import pytest

FILE = "web/player/saving.js"
HEADER = {
    "id": "0123456789abcdef",
    "versions": {"bnviz": "0.3.0", "torch": "2.13.0", "python": "3.11.7"},
    "experiment": {"batch_size": 4, "learning_rate": 0.1, "changes": "200:input_noise=1"},
}
DATA = {"usual": {"batch_size": 64, "learning_rate": 0.1, "changes": ""}}
METADATA = {"title": "Live shift", "link": "https://example.org/?batch_size=4", "day": "2026-11-28"}


def test_a_sentence_says_what_made_it_and_what_is_not_as_usual(desk):
    assert desk.call(FILE, "sentence", HEADER, DATA, METADATA) == (
        "bnviz, “Live shift”, run 0123456789abcdef (bnviz 0.3.0, torch 2.13.0, python 3.11.7, batch_size = 4, "
        "changes = 200:input_noise=1). https://example.org/?batch_size=4, seen on 2026-11-28."
    )


def test_bibtex_has_its_fields_and_nothing_that_tex_takes_for_its_own(desk):
    first, *fields, last = desk.call(FILE, "bibtex", HEADER, DATA, METADATA).splitlines()
    assert (first, last) == ("@misc{bnviz-0123456789abcdef,", "}")
    entries = dict(line.strip(" ,").split(" = ", 1) for line in fields)
    assert entries["title"] == "{{Live shift}, run 0123456789abcdef}"
    assert (entries["year"], entries["urldate"], entries["url"]) == (
        "{2026}",
        "{2026-11-28}",
        "{https://example.org/?batch_size=4}",
    )
    assert r"batch\_size = 4" in entries["note"] and r"input\_noise" in entries["note"]


@pytest.mark.parametrize("experiment", [{}, {"batch_size": 64, "learning_rate": 0.1, "changes": ""}])
def test_the_usual_experiment_needs_no_settings(desk, experiment):
    sentence = desk.call(FILE, "sentence", {**HEADER, "experiment": experiment}, DATA, METADATA)
    assert "python 3.11.7)." in sentence
