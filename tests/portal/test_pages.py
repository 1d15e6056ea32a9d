"""The customer's pages without a browser: what they hold, refuse and keep to themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from trato.customize.guide.talks import BeginTalk, begin_talk, deliver_talk
from trato.pages.words import LANGUAGES
from trato.portal.render import LOOK
from trato.portal.words import portal_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.portal.conftest import Served

TALK = re.compile(r"/me/guide/[0-9a-f]{32}$")


@pytest.fixture
def client(portal: Served) -> Iterator[httpx.Client]:
    portal.later()
    with httpx.Client(base_url=portal.url, follow_redirects=True) as client:
        yield client


def begun(client: httpx.Client, language: str = "en") -> str:
    """The address of a new conversation."""
    answer = client.post("/me/guide", headers={"Accept-Language": language})
    assert answer.status_code == 200
    found = str(answer.url.path)
    assert TALK.search(found)
    return found


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


def test_every_answer_is_strict_and_sets_no_cookie(client: httpx.Client) -> None:
    for path in ("/me/guide", begun(client), f"/me/guide/{'0' * 32}"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers
        assert "<script" not in answer.text
        assert "style=" not in answer.text


@pytest.mark.parametrize("header", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_a_form_of_another_site_is_refused(client: httpx.Client, header: dict[str, str]) -> None:
    at = begun(client)
    before = client.get(at).text
    for path in ("/me/guide", f"{at}/answer", f"{at}/correct", f"{at}/accept", f"{at}/expectation"):
        answer = client.post(path, data={"key": "bread", "answer": "rye"}, headers=header)
        assert answer.status_code == 403
    assert client.get(at).text == before


def test_what_is_accepted_is_what_was_seen_and_then_it_is_over(client: httpx.Client, portal: Served) -> None:
    at = begun(client)
    old = hidden(client.get(at).text, "seen")
    client.post(f"{at}/correct", data={"component": "bread", "module": "rye"})
    refused = client.post(f"{at}/accept", data={"seen": old})
    assert refused.status_code == (409 if hidden(client.get(at).text, "seen") != old else 200)
    page = client.post(f"{at}/accept", data={"seen": hidden(client.get(at).text, "seen")})
    assert "Thank you" in page.text
    assert "B-1" in page.text
    assert "Is it what you expected?" not in page.text
    assert client.post(f"{at}/answer", data={"key": "bread", "answer": "corn"}).status_code == 409
    talk = at.rsplit("/", 1)[1]
    portal.corner.store.write(lambda it: deliver_talk(it, portal.guides, talk, now=portal.at))
    assert "Is it what you expected?" in client.get(at).text
    page = client.post(f"{at}/expectation", data={"as_expected": "no"})
    assert "it is not what you expected" in page.text


def test_a_sensitive_answer_without_the_box_is_asked_for_again(client: httpx.Client) -> None:
    at = begun(client)
    client.post(f"{at}/answer", data={"key": "hungry", "answer": "very"})
    refused = client.post(f"{at}/answer", data={"key": "gluten", "answer": "no"})
    assert refused.status_code == 422
    taken = client.post(f"{at}/answer", data={"key": "gluten", "answer": "no", "consent": "yes"})
    assert taken.status_code == 200
    assert "corn" in taken.text
    assert "rye" not in re.sub(r"<details.*?</details>", "", taken.text, flags=re.DOTALL)


def test_nobody_begins_a_thousand(client: httpx.Client) -> None:
    answers = [client.post("/me/guide", follow_redirects=False).status_code for _ in range(31)]
    assert answers == [303] * 30 + [429]


def test_who_takes_back_their_yes_is_shown_nothing(client: httpx.Client, portal: Served) -> None:
    import secrets

    ana = portal.corner.meet("Ana Prado")
    portal.corner.grant(ana)
    request = BeginTalk(ana, "web", "pt")
    talk = portal.corner.store.write(
        lambda it: begin_talk(it, portal.guides, request, now=portal.at, draw=secrets.token_bytes)
    )
    page = client.get(f"/me/guide/{talk.id}")
    assert page.status_code == 200
    assert 'lang="pt"' in page.text
    assert "Ana" not in page.text
    portal.corner.refuse(ana, "advice", at=portal.at)
    page = client.get(f"/me/guide/{talk.id}")
    assert page.status_code == 403
    assert "bread" not in page.text
    assert "pão" not in page.text


def test_every_sentence_is_in_every_language_and_every_one_is_said() -> None:
    said = {language: portal_words(language).messages for language in LANGUAGES}
    assert len({frozenset(one) for one in said.values()}) == 1
    for key, forms in said["en"].items():
        holes = {name for form in forms for name in re.findall(r"{(\w+)}", form)}
        for language in LANGUAGES:
            assert all(said[language][key]), (language, key)
            assert {n for form in said[language][key] for n in re.findall(r"{(\w+)}", form)} == holes
    pages = "".join(file.read_text(encoding="utf-8") for file in (LOOK.folder / "templates").glob("*.html"))
    code = "".join(file.read_text(encoding="utf-8") for file in LOOK.folder.glob("*.py"))
    prefixes = ("begin.how.", "done.", "problem.", "thanks.by.", "expected.said.", "guide.sure.")
    for key in said["en"]:
        assert f'"{key}"' in pages + code or key.startswith(prefixes), f"nobody says {key}"
    for key in re.findall(r'say\("([\w.]+)"[,)]', pages):
        assert key in said["en"], f"no catalogue has {key}"
