"""A page on another port of this machine, in a real browser: it reads nothing, sends nothing, and frames nothing.

That port is another site's in all but name: any program may serve a page there, and browsers send our cookies to it.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Page, expect

from tests.servers.app_server import Served
from tests.servers.openai_server import listening

pytestmark = pytest.mark.browser
TRIES = """async (url) => {
  const said = {};
  const tried = async (name, how) => { try { said[name] = await how(); } catch (error) { said[name] = "refused"; } };
  const ask = async (path, more) => {
    const got = await fetch(url + path, more);
    return (await got.text()) || got.type;
  };
  await tried("config", () => ask("/config"));
  await tried("with cookies", () => ask("/config", {credentials: "include"}));
  await tried("reviews", () => ask("/export/reviews.csv?project=cases"));
  await tried("upload", () => ask("/desk/upload?name=x", {method: "POST", body: "x"}));
  await tried("act", () => ask("/desk/act?project=cases", {method: "POST", body: "{}"}));
  await tried("unseen act", () => ask("/desk/act?project=cases", {method: "POST", mode: "no-cors", body: "{}"}));
  await tried("delete", () => ask("/config", {method: "DELETE"}));
  const loaded = (tag, name, value) => new Promise((done) => {
    const element = document.createElement(tag);
    element.onload = () => done("loaded");
    element.onerror = () => done("refused");
    element[name] = value;
    document.body.append(element);
    setTimeout(() => done("refused"), 3000);
  });
  said.script = await loaded("script", "src", url + "/own/keys.js");
  said.image = await loaded("img", "src", url + "/image/" + "IMAGE");
  await loaded("iframe", "src", url + "/");
  said.stream = await new Promise((done) => {
    const stream = new EventSource(url + "/gradio_api/queue/data?session_hash=x");
    stream.onopen = () => done("opened");
    stream.onerror = () => done("refused");
  });
  said.socket = await new Promise((done) => {
    const socket = new WebSocket(url.replace("http", "ws") + "/gradio_api/queue/join");
    socket.onopen = () => done("opened");
    socket.onerror = () => done("refused");
  });
  return said;
}"""


class Elsewhere(BaseHTTPRequestHandler):
    """A page that another program serves."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body><a>there</a>")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_a_page_on_another_port_reads_and_sends_nothing(page: Page, served: Served) -> None:
    port = served.url.rpartition(":")[2]
    elsewhere = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    urls: dict[str, str] = {}
    answers: list[tuple[str, int]] = []
    page.goto(f"{served.url}/?project=cases&tab=review")
    shown = page.locator("img[src^='/image/']").first.get_attribute("src") or "/image/x"
    page.goto("about:blank")  # what the page itself still waits for is answered, rightly, and is not meant here
    # Playwright tells of no answer that the browser keeps from the page; the browser itself does.
    network = page.context.new_cdp_session(page)
    network.on("Network.requestWillBeSent", lambda each: urls.update({each["requestId"]: each["request"]["url"]}))
    network.on(
        "Network.responseReceivedExtraInfo", lambda each: answers.append((each["requestId"], each["statusCode"]))
    )
    network.send("Network.enable")
    with listening(elsewhere):
        for host in ("127.0.0.1", "localhost"):
            page.goto(f"http://{host}:{elsewhere.server_port}/")
            for name in ("127.0.0.1", "localhost"):
                said = page.evaluate(TRIES.replace("IMAGE", shown.rpartition("/")[2]), f"http://{name}:{port}")
                assert set(said.values()) <= {"refused", "opaque"}, json.dumps(said)
        seen = [(status, urls[each]) for each, status in answers if f":{port}/" in urls.get(each, "")]
        assert len(seen) > 20, seen
        assert {status for status, _ in seen} == {403}, seen
        assert not [frame for frame in page.frames if frame.locator("#head").count()]
        page.evaluate("url => document.querySelector('a').href = url", f"{served.url}/?project=cases&tab=review")
        page.get_by_text("there").click()
        expect(page.locator("#head .head")).to_have_attribute("data-project", "cases")
    network.detach()
