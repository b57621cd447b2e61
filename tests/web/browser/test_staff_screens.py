"""Every page of merchandisers, operators and admins, in every state; see `test_screens.py`."""

import pytest
from playwright.sync_api import BrowserContext

from tests.web.browser.looking import as_parameters, look_at
from tests.web.browser.screens import STAFF, Screen


@as_parameters(STAFF)
def test_screen(
    context: BrowserContext, screen: Screen, device: str, pytestconfig: pytest.Config
) -> None:
    look_at(context, screen, device, pytestconfig.getoption("--screenshots"))
