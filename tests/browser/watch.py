"""Watches a page for what hostile text could do: run as script, become markup, open something, ask another host."""

from contextlib import suppress
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Dialog, Error, Page, Request

from tests.browser.hostile import EVIL, PWN

# What may never come out of a text: elements that no part of the page has, attributes that run code or ask for
# something, addresses outside of this server, images that are none of the page's own, and styles or scripts.
INJECTED = """() => {
  const found = [...document.querySelectorAll(
    'iframe, frame, base:not(head > [href="./"]), object, embed, math, video, audio, marquee, meta[http-equiv], ' +
    'form[action], [srcdoc], [formaction], [ping], [srcset], [style*="evil.invalid"], .gradio-container script, ' +
    'svg :is(script, animate, image, use, foreignObject)'
  )].map(each => each.outerHTML);
  for (const each of document.querySelectorAll('*')) {
    for (const {name, value} of each.attributes) {
      if (name.startsWith('on')) found.push(`${name} on ${each.outerHTML}`);
      if (['href', 'src', 'xlink:href', 'action', 'data', 'poster'].includes(name)) {
        const url = new URL(value, location.href);
        if (url.origin !== location.origin && !['data:', 'blob:'].includes(url.protocol)) found.push(each.outerHTML);
      }
    }
  }
  const parts = document.querySelector('.gradio-container');
  for (const image of parts.querySelectorAll('img'))
    if (!(image.getAttribute('src') || '/image/').startsWith('/image/')) found.push(image.outerHTML);
  for (const each of document.querySelectorAll('style, script'))
    // Gradio's own holds names of support sets, as JSON: there they are texts.
    if (!each.textContent.startsWith('window.gradio_config = {')
        && /__pwned|evil\\.invalid/.test(each.textContent)) found.push(each.outerHTML);
  return found.map(each => each.slice(0, 300));
}"""


@dataclass(kw_only=True)
class Watch:
    """What a window did since it was opened; ``origin`` is the only place that it may ask."""

    page: Page
    origin: str = ""
    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    windows: list[str] = field(default_factory=list)

    def nothing_happened(self, where: str) -> None:
        """No text ran as script, became markup, opened a window or asked another host."""
        self.nothing_ran(where)
        injected = self.page.evaluate(INJECTED)
        assert injected == [], (where, injected)

    def nothing_ran(self, where: str) -> None:
        """No text ran as script, opened a window or asked another host."""
        assert self.page.evaluate("window.__pwned") is None, where
        assert not self.dialogs, where
        assert not self.windows, where
        elsewhere = [url for url in self.asked if not url.startswith((self.origin + "/", "data:", "blob:"))]
        assert elsewhere == [], where

    def forget(self) -> None:
        """Start anew."""
        for seen in (self.asked, self.dialogs, self.windows):
            seen.clear()


def watching(context: BrowserContext, origin: str = "") -> Watch:
    """A new window in which every request, dialog and further window is noted; the evil host is a stand-in."""
    watch = Watch(page=context.new_page(), origin=origin)

    def dismiss(dialog: Dialog) -> None:
        watch.dialogs.append(dialog.message)
        with suppress(Error):  # the page may be gone with its dialog
            dialog.dismiss()

    def note(request: Request) -> None:
        watch.asked.append(request.url)

    context.route(f"{EVIL}/**", lambda route: route.fulfill(body=f"<script>{PWN}</script>", content_type="text/html"))
    context.on("request", note)
    watch.page.on("dialog", dismiss)
    watch.page.on("popup", lambda window: watch.windows.append(window.url))
    return watch
