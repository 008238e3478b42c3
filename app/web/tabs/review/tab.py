"""The Review tab: the round's errors as a paged list, one case in full, and a person's verdict on it.

Which case, which filters and which page are in the URL; choosing a step and typing happen in ``assets/web/review.js``
until a verdict is sent. What a verdict does stands in ``review_acts``.
"""

from app.web.page.handlers import Page, TabView
from app.web.tabs.review import actions
from app.web.tabs.review.view import ReviewTab


def build(page: Page) -> TabView:
    """The tab, inside the tab that is being built."""
    tab = ReviewTab(page)
    page.commands |= {"reread": lambda place, sent: actions.reread(tab, place, sent)}
    page.actions |= {"open": tab.open, "filter": tab.filter} | actions.acts(tab)
    return TabView(show=tab.show, follow=tab.follow)
