"""Segment's library for browsers, unchanged, in Chromium on a page of another origin, on both databases."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request

    from tests.server.live import Shop

SCRIPT = "@segment/analytics-next/dist/umd/index.js"

LOAD = """([writeKey, cdnURL, options]) => {
  window.sent = AnalyticsNext.AnalyticsBrowser.load({ writeKey, cdnURL }, options);
  return sent.then(() => true);
}"""
SAY = """async () => {
  await sent.identify("ana", { email: "Ana@Example.org", name: "Ana" });
  await sent.page("looked", { title: "bread" });
  await sent.track("Order Completed", {
    currency: "EUR",
    products: [
      { category: "bread", name: "rye", quantity: 2, price: 3.1 },
      { category: "soap", name: "olive", quantity: 1, price: 5 },
    ],
  });
  await sent.track("Survey Answered", { question: "nuts", answer: "none", words: "no nuts, ñam 🥜" });
  await sent.group("club", {});
  await sent.alias("ana b.", "ana");
}"""
BATCHING = {
    "integrations": {"Segment.io": {"deliveryStrategy": {"strategy": "batching", "config": {"size": 2}}}}
}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing is said."""


@contextmanager
def a_shops_page(folder: Path) -> Iterator[str]:
    """A page of the shop's own, at an origin of its own."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def shops_page(node_modules: Path, tmp_path: Path) -> Iterator[str]:
    folder = tmp_path / "page"
    folder.mkdir()
    (folder / "analytics.js").write_bytes((node_modules / SCRIPT).read_bytes())
    (folder / "favicon.ico").write_bytes(b"")
    (folder / "index.html").write_text("<!doctype html><script src='analytics.js'></script>", "utf-8")
    with a_shops_page(folder) as url:
        yield url


@pytest.fixture
def tracked(browser: Browser) -> Iterator[tuple[Page, list[Request]]]:
    """A fresh page, and the requests that it makes."""
    context = browser.new_context()
    page = context.new_page()
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))  # noqa: PLW0108 it marks its handlers
    yield page, requests
    context.close()


@pytest.mark.parametrize("options", [{}, BATCHING], ids=["singles", "batches"])
def test_what_the_library_sends_is_kept(
    shop: Shop, shops_page: str, tracked: tuple[Page, list[Request]], options: dict[str, Any]
) -> None:
    page, requests = tracked
    with shop.served() as serving:
        page.goto(shops_page)
        assert page.evaluate(LOAD, [shop.key, serving.url, options])
        page.evaluate(SAY)
        for _ in range(600):
            posts = [one for one in requests if one.method == "POST"]
            if len(posts) == (3 if options else 6):
                break
            page.wait_for_timeout(50)
        answers = [one.response() for one in posts]
        assert all(one is not None and one.status == 200 for one in answers)
        page.goto("about:blank")
    called = {one.url.removeprefix(f"{serving.url}/v1/") for one in posts}
    assert called == ({"b"} if options else {"i", "p", "t", "g", "a"})
    assert {one.headers["content-type"] for one in posts} == {"text/plain"}
    kept = shop.kept("user_id", "ana")
    assert [one.source for one in kept] == ["told", "looked", *["Order Completed"] * 2, "Survey Answered"]
    bought = [(one.component, one.module, one.count, one.amount) for one in kept[2:4]]
    assert bought == [("bread", "rye", 2, 620), ("soap", "olive", 1, 500)]
    assert kept[4].statement == "no nuts, ñam 🥜"
    assert shop.kept("email", "ana@example.org") == kept
    # What no source maps is put aside, not lost: the group and the alias.
    with shop.store() as store:
        assert sum(often for _, _, often, _ in store.read(lambda it: it.aside_summary())) == 2


def test_a_page_reads_why_it_was_refused(
    shop: Shop, shops_page: str, tracked: tuple[Page, list[Request]]
) -> None:
    page, _ = tracked
    post = """async ([url, body]) => {
      const headers = { authorization: "Basic eDo=", "content-type": "text/plain", "x-retry-count": "1" };
      const answer = await fetch(url, { method: "POST", headers, body });
      return [answer.status, (await answer.json()).code];
    }"""
    with shop.served() as serving:
        page.goto(shops_page)
        assert page.evaluate(post, [f"{serving.url}/v1/t", "{}"]) == [401, "trato.key_refused"]
        # But nothing of the API: there the browser keeps pages of other origins out.
        refused = page.evaluate(
            "url => fetch(url).then(() => 'read', () => 'kept out')", f"{serving.url}/api/portfolio"
        )
        assert refused == "kept out"
