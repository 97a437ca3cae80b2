"""A teacher makes a link, and a student opens it."""

import pytest

from bnviz.web import words

WORDS = words.shared()["teachers"]


def choose(page, label, *names):
    """Pick names in one of the page's lists."""
    field = page.get_by_role("combobox", name=label)
    for name in names:
        field.fill(name)
        page.get_by_role("option", name=name).first.click()
        page.get_by_test_id("stMultiSelect").get_by_text(name, exact=True).first.wait_for()
    page.keyboard.press("Escape")


def test_a_link_is_made_and_holds_on_every_page_that_it_names(lab, visit):
    page = lab.page
    page.goto(f"{lab.server.url}/for-teachers")
    field = page.get_by_role("textbox", name=WORDS["start"])
    field.fill("/?batch_size=8&step=40&steps=60")
    field.press("Enter")
    choose(page, WORDS["pages"], "Live shift", "Batch size")
    choose(page, WORDS["hide"], "the row of presets")
    choose(page, WORDS["lock"], "Batch size")
    link = page.locator("code", has_text="lock=batch_size").inner_text()
    with page.expect_download() as download:
        page.get_by_role("button", name=WORDS["worksheet"]).click()
    sheet = download.value.path().read_text(encoding="utf-8")
    assert "Watch a[2] shift" in sheet and "(/gamma-beta)" not in sheet and "Name:" in sheet

    student = visit()
    student.page.goto(link)
    student.wait("d.step === '40'")
    assert student.page.get_by_text("Tiny batches").count() == 0
    for place in (None, "Batch size", "Live shift"):
        if place:
            student.page.get_by_role("link", name=place, exact=True).click()
            student.page.get_by_role("link", name=place, exact=True).and_(student.page.locator("[aria-current=page]")).wait_for()
        student.page.locator("input[type=range][aria-label='Batch size'][aria-valuetext='8'][disabled]").wait_for()
    names = [one for one in student.page.get_by_role("link").all_inner_texts() if one in ("γ and β", "Independence")]
    assert names == []


@pytest.mark.slow
def test_a_link_that_is_of_no_use_is_said_so(lab):
    lab.page.goto(f"{lab.server.url}/for-teachers")
    for start, message in (("/?batch_size=abc", "abc"), ("/live_shift", "there is no such page")):
        field = lab.page.get_by_role("textbox", name=WORDS["start"])
        field.fill(start)
        field.press("Enter")
        lab.page.get_by_role("alert").get_by_text(message).wait_for()
