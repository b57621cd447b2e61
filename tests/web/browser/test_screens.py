"""Every page that shoppers see, in every state.

`pytest tests/web/browser/test_screens.py --screenshots DIR` keeps a picture of each, and with
`--language de` in German. `test_staff_screens.py` does the same for staff pages.
"""

import pytest
from playwright.sync_api import BrowserContext

from tests.support.browser.page_watch import as_parameters, look_at
from tests.support.browser.screens import SHOPPERS, Screen


@as_parameters(SHOPPERS)
def test_screen(
    context: BrowserContext, screen: Screen, device: str, pytestconfig: pytest.Config
) -> None:
    look_at(context, screen, device, pytestconfig.getoption("--screenshots"))
