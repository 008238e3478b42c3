"""Reads the HTML that the page and the reports write."""

from html.parser import HTMLParser


class Page(HTMLParser):
    """The parts of some HTML, as a browser without plotly would see them; ``handlers`` are attributes that run code."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: set[str] = set()
        self.images: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.policy = self.text = ""
        self.plots = self.scripts = self.libraries = 0
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.inside = tag
        self.scripts += tag == "script"
        self.plots += given.get("class") == "plotly-graph-div"
        self.handlers += [name for name in given if name.startswith("on") or name == "srcdoc"]
        self.links += [given[name] for name in ("src", "href", "srcset", "action", "data") if name in given]
        if tag == "article":
            self.ids.add(given.get("id", ""))
        if tag == "img":
            self.images.append(self.links.pop())
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policy = given["content"]

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside == "script":
            self.libraries += len(data) > 1_000_000
        elif self.inside != "style":
            self.text += data


def read_page(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page
