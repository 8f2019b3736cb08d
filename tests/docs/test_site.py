"""The documentation as a site: complete, by itself, and every code block on it held to."""

import json
import re
import shlex
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml
from dynamodb_items.web.response.problems import all_problems
from markdown.extensions.toc import slugify

from tests.docs.site import COMMAND, ENVIRONMENT, build
from tests.engines import ROOT

PAGES = sorted({ROOT / "README.md", *ROOT.glob("docs/**/*.md")})
BLOCKS = [
    (page, language, text)
    for page in PAGES
    for language, text in re.findall(
        r"^```(\w*)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL
    )
]
LOCAL = "http://127.0.0.1:8000"


def blocks(*languages: str):
    chosen = [block for block in BLOCKS if block[1] in languages]
    numbers = [f"{page.stem}-{number}" for number, (page, *_) in enumerate(chosen)]
    return pytest.mark.parametrize("block", [text for *_, text in chosen], ids=numbers)


class Elements(HTMLParser):
    """The ids of a page, and what a browser loads for it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.loaded: list[str] = []
        self.feed(page.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        if "id" in found:
            self.ids.add(found["id"])
        if tag == "link" and found.get("rel") in ("stylesheet", "icon", "preload"):
            self.loaded.append(found["href"])
        if tag in ("script", "img", "iframe") and found.get("src"):
            self.loaded.append(found["src"])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


def test_every_page_is_on_it(site):
    for page in ROOT.glob("docs/**/*.md"):
        path = page.relative_to(ROOT / "docs").with_suffix("")
        path = path.parent if path.name in ("index", "README") else path
        assert (site / path / "index.html").exists(), path


def test_the_type_of_every_problem_leads_to_its_section(site):
    for problem in all_problems():
        page, _, slug = problem.type.removeprefix("/docs/").partition("#")
        assert slug in Elements(site / page / "index.html").ids, problem.type


def test_it_loads_nothing_from_elsewhere(site):
    loaded = [
        (page.relative_to(site), address)
        for page in site.rglob("*.html")
        for address in Elements(page).loaded
    ]
    assert loaded
    assert [one for one in loaded if re.match(r"(https?:)?//", one[1])] == []


def test_the_document_on_it_is_the_one_that_is_committed(site):
    document = (ROOT / "openapi/openapi.json").read_text()
    assert (site / "openapi.json").read_text() == document


def test_the_architecture_page_describes_every_package():
    page = (ROOT / "docs/architecture.md").read_text()
    service = ROOT / "service/dynamodb_items"
    packages = {path.parent.name for path in service.glob("*/__init__.py")}
    assert sorted(name for name in packages if f"`{name}`" not in page) == []


def test_every_file_that_the_pages_name_exists():
    pages = [*PAGES, ROOT / "SECURITY.md", ROOT / "CONTRIBUTING.md"]
    named = {
        path
        for page in pages
        for path in re.findall(
            r"`((?:service|deploy|tests|openapi|bench|requirements)/[\w./-]*)`", page.read_text()
        )
    }
    assert named
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[nowhere](nowhere.md)", "'nowhere.md'"),
        ("[no section](#nowhere)", "'#nowhere'"),
        ("[no section](other.md#nowhere)", "'other.md#nowhere'"),
        ("[not on the site](../mkdocs.yml)", "'../mkdocs.yml'"),
        ("[absolute](/other)", "'/other'"),
        ("![no picture](images/nowhere.png)", "'images/nowhere.png'"),
    ],
)
def test_a_broken_link_stops_make_docs(tmp_path, text, warning):
    built = make_docs(tmp_path, text)
    assert built.returncode == 1
    assert "WARNING" in built.stderr
    assert warning in built.stderr


def test_a_link_that_works_does_not(tmp_path):
    built = make_docs(tmp_path, "[other](other.md#there)")
    assert built.returncode == 0, built.stderr


def make_docs(folder: Path, text: str) -> subprocess.CompletedProcess:
    """The command of the Makefile, on a site of two pages."""
    (folder / "docs").mkdir()
    (folder / "docs/index.md").write_text(f"# Here\n\n{text}\n")
    (folder / "docs/other.md").write_text("# Other\n\n## There\n")
    configuration = yaml.safe_load((ROOT / "mkdocs.yml").read_text())
    del configuration["nav"]
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(configuration))
    return subprocess.run(
        COMMAND, cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )


LINK = re.compile(r"\]\(([^)\s]+)\)")
OUTSIDE = [ROOT / "README.md", ROOT / "SECURITY.md", ROOT / "CHANGELOG.md"]


def links(page: Path) -> list[str]:
    """The links of a page within the repository, code left out."""
    text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return [link for link in LINK.findall(text) if not re.match(r"[a-z]+:", link)]


@pytest.mark.parametrize("page", [*OUTSIDE, *ROOT.glob("docs/**/*.md")], ids=lambda page: page.stem)
def test_every_link_within_the_repository_works(site, page):
    """mkdocs judges only links between the pages of the site."""
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor:
            assert anchor in anchors(site, target), f"{page.name}: {link}"


def anchors(site: Path, page: Path) -> set[str]:
    if page.is_relative_to(ROOT / "docs"):
        path = page.relative_to(ROOT / "docs").with_suffix("")
        path = path.parent if path.name in ("index", "README") else path
        return Elements(site / path / "index.html").ids
    titles = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {slugify(title, "-") for title in titles}


def test_every_page_that_the_code_names_exists(site):
    """Messages, docstrings and settings send people to ``docs/PAGE.md#SECTION``."""
    named = {
        (path, anchor)
        for folder in ("service", "deploy", "openapi", "requirements", "bench")
        for source in (ROOT / folder).rglob("*")
        if source.suffix in (".py", ".sh", ".service", ".yaml", ".txt")
        and "node_modules" not in source.parts
        for path, anchor in re.findall(r"\b(docs/[\w/-]+\.md)(?:#([\w-]+))?", source.read_text())
    }
    assert named
    for path, anchor in named:
        assert (ROOT / path).exists(), path
        assert not anchor or anchor in anchors(site, ROOT / path), f"{path}#{anchor}"


def test_every_block_is_of_a_kind_that_a_test_holds_to():
    # text and the unnamed kind are pictures and settings, not something to run.
    kinds = {language for _, language, _ in BLOCKS}
    assert kinds <= {"bash", "console", "http", "json", "nginx", "python", "sh", "text", "ts", ""}


@blocks("nginx")
def test_an_nginx_block_is_part_of_the_shipped_configuration(block):
    assert block.strip() in (ROOT / "deploy/proxies/nginx.conf").read_text()


@blocks("json")
def test_a_json_block_is_json(block):
    json.loads(block)


@blocks("http")
def test_an_http_block_is_the_response(server, dynamodb, block):
    # As it was put into the table; other tests change it.
    andrew = {"Id": {"N": "104"}, "Name": {"S": "Andrew"}, "Email": {"S": "andrew@gmail.com"}}
    dynamodb.put_item(TableName="my-dynamodb-table", Item=andrew)
    head, _, body = block.partition("\n\n")
    status, *headers = head.splitlines()
    response = server.request("GET", "/items/104/Andrew")
    assert str(response.status) in status
    for header in headers:
        name, _, value = header.partition(": ")
        assert response.headers[name] == value
    assert response.body.decode() == body.strip()


def commands(block: str) -> list[str]:
    """What a person types, of a block that may show prompts and output."""
    lines = block.replace("\\\n", " ").splitlines()
    prompted = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return prompted or [line for line in lines if line and not line.startswith("#")]


@blocks("console", "sh")
def test_a_command_is_one_that_exists(block):
    """Blocks in bash are run, by test_readme; here are those that need AWS or a daemon."""
    for command in commands(block):
        subprocess.run(["bash", "-n", "-c", command], check=True)
        for simple in re.split(r"&&|\||;", command):
            words = shlex.split(simple)
            check_words(words)


def check_words(words: list[str]) -> None:
    for word in words:
        path = re.sub(r"^(dynamodb-items|new-release)/", "", word)
        if re.match(r"(deploy|requirements|service)/\w", path):
            assert (ROOT / path).exists(), word
    if words[:1] == ["items-deploy"]:
        command = [sys.executable, "-m", "dynamodb_items_deploy", *words[1:], "--help"]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert result.returncode == 0, result.stderr
    elif words[:1] == ["make"]:
        assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), words
