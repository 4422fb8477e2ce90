"""The pages of docs/ under /docs: each is rendered and listed, and each link leads somewhere, served or on a disk."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve

from intraday.pages.documentation import catalogue, markdown
from tests.documents import ROOT

DOCS = ROOT / "docs"
PAGES = sorted(str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md"))
OF_THE_REPOSITORY = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{page}" for page in PAGES))
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
LINK = re.compile(r"\]\(([^)\s]+)\)")


class Links(HTMLParser):
    """Collects anchors, links and pictures; `inside` leaves out what stands around the article."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids, self.links, self.pictures = list[str](), list[str](), list[str]()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        self.ids += [of["id"]] if "id" in of else []
        self.links += [of["href"]] if tag == "a" else []
        self.pictures += [of["src"]] if tag == "img" else []


@pytest.fixture
def client(settings: object, db: None) -> Client:
    settings.DEMO = True  # type: ignore[attr-defined]
    from intraday.org.demo import create_demo

    create_demo()
    return Client()


def anchors_of(page: str) -> list[str]:
    return Links(catalogue.page(page).content).ids


def is_served(address: str) -> bool:
    """Tell whether a link of the application leads to a page that is there, and to a place on it."""
    path, anchor = urlsplit(address).path, urlsplit(address).fragment
    pages = {markdown.address(page): page for page in PAGES} | {"/runbook": "runbook.md"}
    if path in pages:
        return not anchor or anchor in anchors_of(pages[path])
    if path.startswith("/docs/"):
        return path.removeprefix("/docs/") in catalogue.files()
    try:
        return bool(resolve(path))
    except Resolver404:
        return False


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere_where_it_is_served(page: str):
    html = Links(catalogue.page(page).content)
    inside = [urljoin(markdown.address(page), each) for each in html.links if not urlsplit(each).scheme]
    assert [each for each in inside if not is_served(each)] == []
    assert [each for each in html.pictures if not is_served(each)] == []


@pytest.mark.parametrize("page", OF_THE_REPOSITORY)
def test_every_link_of_a_page_leads_somewhere_on_a_code_host(page: str):
    text = CODE.sub("", FENCE.sub("", (ROOT / page).read_text()))
    links = [link for link in LINK.findall(text) if not urlsplit(link).scheme and not link.startswith("/")]
    assert [link for link in links if not leads_to_a_file((ROOT / page), link)] == []


def leads_to_a_file(page: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    file = page.parent / unquote(path) if path else page
    return file.exists() and (not anchor or anchor in anchors_on_disk(file))


def anchors_on_disk(file: Path) -> list[str]:
    return Links(markdown.document(file.read_text(), file.name).content).ids


def test_the_side_list_names_every_page_once():
    listed = [address for kind in catalogue.side_list() for address in kind.entries]
    pages = [markdown.address(page) for page in PAGES if page != markdown.INDEX]
    assert sorted(each for each in listed if each.startswith("/docs/")) == sorted(pages), (
        "intraday/pages/documentation/catalogue.py says of which kind a page is"
    )
    assert len(listed) == len(set(listed))


def test_every_page_is_served_with_its_title_and_marked_in_the_side_list(client: Client):
    for page in PAGES:
        answer = client.get(markdown.address(page))
        assert answer.status_code == 200
        title = re.search(r"^# (.*)$", (DOCS / page).read_text(), re.MULTILINE)
        assert title
        assert catalogue.page(page).title == title[1].replace("`", "")
        assert answer.text.count('aria-current="page"') == 1, page


def test_the_former_addresses_stay(client: Client):
    assert 'id="occupancy-high"' in client.get("/runbook").text
    assert 'id="invalid"' in client.get("/docs/errors").text


def test_strangers_read_the_codes_of_errors_and_are_offered_no_search(db: None):
    assert 'id="search"' not in Client().get("/docs/errors").text
    assert Client().get("/docs/domain").headers["Location"] == "/signin?next=/docs/domain"
    assert Client().get("/docs/search.json").status_code == 302


def test_pictures_and_samples_are_served_as_what_they_are(client: Client):
    kinds = {
        "screenshots/console.png": "image/png",
        "risk-reliability.svg": "image/svg+xml",
        "examples/feed_sample.csv": "text/plain; charset=utf-8",
    }
    for path, kind in kinds.items():
        answer = client.get(f"/docs/{path}")
        assert answer.headers["Content-Type"] == kind
        assert b"".join(answer.streaming_content) == (DOCS / path).read_bytes()  # type: ignore[attr-defined]


@pytest.mark.parametrize("path", ["nothing", "../README", "tutorial.md", "%2e%2e/manage.py", "README", "adr/", "a\x00"])
def test_an_unknown_page_is_not_found(client: Client, path: str):
    assert client.get(f"/docs/{path}").status_code == 404


def test_the_index_finds_each_heading_where_it_stands(client: Client):
    sections = client.get("/docs/search.json").json()["sections"]
    assert len({each["address"] for each in sections}) == len(sections)
    assert [each["address"] for each in sections if not is_served(each["address"])] == []
    [found] = [each for each in sections if each["address"] == "/docs/runbook#occupancy-high"]
    assert found["page"] == "Runbook"
    assert found["heading"] == "occupancy-high"
    assert "handle times grow" in found["text"]


@pytest.mark.parametrize(
    ("link", "page", "served"),
    [
        ("domain.md", "alerting.md", "/docs/domain"),
        ("../domain.md#19-gap", "connectors/folder.md", "/docs/domain#19-gap"),
        ("0010-groups-of-rooms.md", "adr/0001-one-group-per-stream.md", "/docs/adr/0010-groups-of-rooms"),
        ("README.md", "alerting.md", "/docs"),
        ("examples/feed_sample.csv", "replay.md", "/docs/examples/feed_sample.csv"),
        ("#here", "replay.md", "#here"),
        ("/api/docs", "replay.md", "/api/docs"),
        ("https://example.org/a.md", "replay.md", "https://example.org/a.md"),
        ("../docker/compose.yaml", "operations.md", None),
    ],
)
def test_a_link_is_rewritten_to_the_served_address(link: str, page: str, served: str | None):
    assert markdown.target(link, page) == served


def test_markdown_cannot_bring_in_html_or_scripts():
    page = markdown.document("# A\n<script>alert(1)</script> [b](javascript:alert(1)) <!-- a note -->", "a.md").content
    assert "<script>" not in page
    assert "href" not in page
    assert "note" not in page


def test_a_column_without_a_name_has_no_header():
    page = markdown.document("# A\n| a | |\n|---|---|\n| 1 | 2 |\n", "a.md").content
    assert page.count("<th>") == page.count("</th>") == 1


def test_headings_of_one_name_get_anchors_as_on_code_hosts():
    page = markdown.document("# A page\n## Of `it`, all …\n## Same\n## Same\n", "a.md")
    assert [section.anchor for section in page.sections] == ["a-page", "of-it-all-", "same", "same-1"]
