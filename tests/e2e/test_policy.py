"""The content security policy in Chromium: what it forbids does not happen (test_every_page.py: pages keep to it)."""

import pytest

from tests.e2e.lab import VIOLATION_LISTENER
from tests.e2e.test_embedded import elsewhere, inside  # noqa: F401

ATTEMPTS = {
    "img-src": "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/x.png'}))",
    "connect-src": "fetch('http://127.0.0.1:9/').catch(() => {})",
    "script-src-elem": "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = true'}))",
    "script-src": "setTimeout('window.ran = true')",
    "frame-src": "document.body.append(Object.assign(document.createElement('iframe'), {src: 'http://127.0.0.1:9/'}))",
    "form-action": "document.body.append(Object.assign(document.createElement('form'), {action: 'http://127.0.0.1:9/'})); "
    "document.body.lastChild.submit()",
    "base-uri": "document.head.prepend(Object.assign(document.createElement('base'), {href: 'http://127.0.0.1:9/'}))",
}


@pytest.fixture(scope="module")
def noisy_lab(module_visit):
    """A tab in which breaches of the policy are gathered, of each document anew, and whose console may complain."""
    lab = module_visit(clean=False)
    lab.page.add_init_script(VIOLATION_LISTENER)
    return lab


@pytest.mark.slow
def test_scripts_that_come_over_the_socket_run_under_the_policy(noisy_lab):
    lab = noisy_lab
    lab.page.route("**/bnviz/**", lambda route: route.abort())
    lab.open(steps=40)
    lab.wait("d.trainedStep === '40'")
    assert lab.page.evaluate("violations") == []
    lab.page.unroute_all(behavior="ignoreErrors")


def test_the_page_may_stand_in_anybodys_frame(inside):  # noqa: F811
    assert inside("steps=40").locator(".bnviz-player").is_visible()


@pytest.mark.parametrize("directive", ATTEMPTS)
def test_what_the_policy_forbids_does_not_happen(noisy_lab, directive):
    lab = noisy_lab
    lab.page.goto(f"{lab.server.url}/robots.txt")  # any answer carries it
    lab.page.evaluate(ATTEMPTS[directive])
    lab.page.wait_for_function("(name) => violations.some((one) => one.startsWith(name))", arg=directive)
    assert not lab.page.evaluate("'ran' in window")
