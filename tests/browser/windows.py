"""Windows of the browser that one test uses after the other."""

from collections import defaultdict
from typing import Any

from playwright.sync_api import Browser, Error, Page

SIZE = {"width": 1280, "height": 900}
TIMEOUT_MS = 30_000
CLEAR_STORAGE = "() => { localStorage.clear(); sessionStorage.clear(); }"


class Windows:
    """The browser's windows, each used by one test after the other and emptied in between.

    A window that has loaded the page once loads it again in a third of the time: it keeps the scripts and the code
    compiled from them.
    """

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._free: dict[str, list[Page]] = defaultdict(list)

    def take(self, **options: Any) -> Page:
        """A window of 1280 × 900 in a context of its own with these options."""
        free = self._free[repr(options)]
        if free:
            return free.pop()
        context = self._browser.new_context(viewport=SIZE, **options)
        context.set_default_timeout(TIMEOUT_MS)
        return context.new_page()

    def give_back(self, page: Page, app_url: str, **options: Any) -> None:
        """Leave the page and empty the window for the next test; one that cannot be emptied is closed."""
        try:
            empty(page, app_url)
            page.emulate_media(color_scheme=options.get("color_scheme", "light"))
            page.set_viewport_size(SIZE)
        except Error:  # the test ended the app
            page.context.close()
        else:
            self._free[repr(options)].append(page)


def empty(page: Page, app_url: str) -> None:
    """Leave the page for a blank one of the same app, without routes, further windows, cookies and storage."""
    page.unroute_all(behavior="ignoreErrors")
    for other in page.context.pages:
        if other is not page:
            other.close()
    page.goto(f"{app_url}/health")
    page.evaluate(CLEAR_STORAGE)
    page.context.clear_cookies()
