"""Parameters that mail programs, social networks and advertisements add to links, so that the site's owner knows where visitors
come from. They say nothing of an experiment.
"""

from __future__ import annotations

import re

# A regular expression of their names that Python and JavaScript read alike, in small letters: Google (utm_, gclid and others),
# Facebook and Instagram, Microsoft, X, TikTok, LinkedIn, Yandex, Mailchimp, HubSpot, Marketo, Matomo, and newsletters (ref).
NAMES = (
    r"^(utm_\w+|gclid|gclsrc|dclid|gbraid|wbraid|gad_\w+|_ga|_gl|srsltid|fbclid|igshid|igsh|mibextid|msclkid|twclid|ttclid"
    r"|li_fat_id|yclid|mc_[ce]id|_hs\w+|hsctatracking|mkt_tok|(mtm|pk|piwik)_\w+|ref|ref_src|ref_url|si|s_cid)$"
)
_NAME = re.compile(NAMES)


def is_tracking(name: str) -> bool:
    """Whether a query parameter of this name is of that kind."""
    return _NAME.match(name.lower()) is not None
