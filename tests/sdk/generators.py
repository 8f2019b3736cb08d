"""The generators whose clients have to work, and how a client of each language is checked and run.

A new generator is one entry in GENERATORS and an adapter of its name in ``adapters/``, which
calls the generated client: calls arrive as lines of JSON; each gets one in return.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from dynamodb_items.app import create_app, create_repository, openapi_document
from dynamodb_items.config.settings import Settings
from dynamodb_items.domain.operations import DEFAULT_OPERATIONS, Operation

from tests.engines import IS_SHORT, ROOT

HERE = Path(__file__).parent
BUILD = ROOT / "build/sdk"
PYTHON = ROOT / ".venv-sdk/bin"
NODE = HERE / "node_modules/.bin"
PACKAGE = "items_client"
CLASSPATH = next(ROOT.glob(".venv-sdk/lib/*/site-packages/openapi_generator_cli/*.jar"), None)
SOURCES = (
    ROOT / "requirements/sdk.lock",
    HERE / "package-lock.json",
    HERE / "orval.config.mjs",
)
PATIENCE_SECONDS = 120
OUTPUT_CHARACTERS = 4000

# The clients have every operation: these deployments list items too.
LISTS = {
    "ITEMS_OPERATIONS": ",".join(DEFAULT_OPERATIONS | {Operation.QUERY, Operation.SCAN}),
    "ITEMS_INDEXES": "by-city=City:S+Age:N",
}
ONE_KEY = {"ITEMS_PARTITION_KEY": "Email:S", "ITEMS_SORT_KEY": "", **LISTS}
ONE_KEY_BUILD = BUILD / "one-key"
SCHEMA_BUILD = BUILD / "schema"
# What an adapter leaves out where the table has no sort key, and what it has instead.
WITHOUT_NAME = (
    (r'\s*members\.put\("name", call\.name\(\)\);', ""),
    (r'id_, name = call\["id"\], call\["name"\]', 'id_ = call["id"]'),
    (r"^ +name,\n", ""),
    (r"\bid_, name, ", "id_, "),
    (r', "name": (name|requested\.Name)', ""),
    (r", name: call\.name", ""),
    (r", (call\.name|requested\.Name)\b", ""),
    (r"/\{name\}", ""),
    (r"\s*\.name\(call\.name\(\)\)", ""),
    # A table without a sort key has no lists of partitions.
    (r'^([ \t]+)case "list"(?::| ->)\n(?:\1[ \t].*\n)+', ""),
    (r"\b(?:list_partition|listPartition), ", ""),
    (r"^ +ListPartitionOrder,\n", ""),
    (r"^import .*\bAPIListPartitionRequest;\n", ""),
)

Command = list[str | Path]


class GeneratorError(Exception):
    """The output of a generator or a type checker."""


@dataclass(frozen=True)
class Language:
    """How an adapter and the client next to it are type-checked, and how the adapter is started."""

    adapter: str
    companions: tuple[str, ...]
    check: Callable[[Path], list[Command]]
    run: Callable[[Path], Command]


@dataclass(frozen=True)
class Generator:
    name: str
    language: Language
    command: Command
    package: str = "client"
    """Where the client goes, inside the generator's folder."""
    checks: tuple[Command, ...] = ()
    """What the client promises about itself, beyond the language's own check; run next to it."""
    exact_integers: bool = False
    """Whether plain JSON's long numbers reach the caller with every digit."""
    patches_as_plain_json: bool = True
    """Whether it sends a merge patch as application/json, and not by its own media type."""
    reads_empty_201: bool = True
    """Whether ``Prefer: return=minimal`` can be requested where a PUT creates."""
    has_one_key: bool = False
    """Whether the client is for a table without a sort key."""
    has_schema: bool = False
    """Whether the client is for a service with an item schema."""

    @property
    def _build(self) -> Path:
        if self.has_schema:
            return SCHEMA_BUILD
        return ONE_KEY_BUILD if self.has_one_key else BUILD

    @property
    def folder(self) -> Path:
        return self._build / self.name

    @property
    def document(self) -> Path:
        return self._build / "openapi.json"

    @property
    def is_fresh(self) -> bool:
        """Whether the client exists, made from this document by this generator."""
        mark = self.folder / ".made-from"
        return mark.exists() and mark.read_text() == self._origin

    def generate(self) -> None:
        """Generate the client again.

        Raises:
            GeneratorError: the generator rejects the document, or is not installed.
        """
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        client = self.folder / self.package
        paths = {"document": self.document, "client": client, "folder": self.folder}
        command = [str(part).format(**paths) for part in self.command]
        self._run(command, ROOT, SDK_DOCUMENT=str(self.document), SDK_CLIENT=str(client))
        (self.folder / ".made-from").write_text(self._origin)

    def install_adapter(self) -> None:
        """Put the adapter next to the client."""
        suffix = Path(self.language.adapter).suffix
        self._copy(f"{self.name}{suffix}", self.language.adapter)
        for companion in self.language.companions:
            self._copy(companion, companion)
        # Node looks for packages in the folders above.
        packages = self.folder / "node_modules"
        if not packages.is_symlink():
            packages.symlink_to(HERE / "node_modules")

    def _copy(self, name: str, copied_name: str) -> None:
        text = (HERE / "adapters" / name).read_text()
        if self.has_one_key:
            for pattern, replacement in WITHOUT_NAME:
                text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        (self.folder / copied_name).write_text(text)

    def check(self) -> None:
        """Type-check the client and the adapter that uses it.

        Raises:
            GeneratorError: the types do not fit.
        """
        for command in [*self.language.check(self.folder), *self.checks]:
            self._run(command, self.folder)

    @property
    def _origin(self) -> str:
        digest = hashlib.sha256(repr(self.command).encode())
        for path in (self.document, *SOURCES):
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _run(self, command: Command, folder: Path, **variables: str) -> None:
        # The Python generator tidies up with the formatter next to it.
        path = f"{PYTHON}:{os.environ['PATH']}"
        try:
            ran = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, "PATH": path, **variables},
                capture_output=True,
                text=True,
                check=False,
                timeout=PATIENCE_SECONDS,
            )
        except FileNotFoundError as error:
            raise GeneratorError(
                f"{self.name}: {error.filename} is not here. The generators need Node.js with npm, "
                "a JDK and what make installs: make sdk"
            ) from None
        if ran.returncode != 0:
            printed = f"{ran.stdout[-OUTPUT_CHARACTERS:]}{ran.stderr[-OUTPUT_CHARACTERS:]}"
            raise GeneratorError(f"{self.name}: {' '.join(map(str, command))}\n{printed}")


def generate_stale(generators: Iterable[Generator]) -> dict[str, GeneratorError]:
    """Make the clients that are not fresh, side by side; the errors of those that failed."""
    stale = [generator for generator in generators if not generator.is_fresh]
    with ThreadPoolExecutor() as threads:
        attempts = {generator.name: threads.submit(generator.generate) for generator in stale}
    return {
        name: error
        for name, attempt in attempts.items()
        if isinstance(error := attempt.exception(), GeneratorError)
    }


def write_document(folder: Path, variables: Mapping[str, str]) -> None:
    """Write the OpenAPI document of a deployment, for the clients in a folder."""
    settings = Settings.from_environment(variables)
    document = openapi_document(create_app(settings, create_repository(settings)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "openapi.json").write_text(json.dumps(document))


PYTHON_CLIENT = Language(
    adapter="adapter.py",
    companions=("conversation.py",),
    check=lambda _folder: [
        [PYTHON / "mypy", "--strict", "--config-file=", "--follow-imports=silent", "adapter.py"]
    ],
    run=lambda folder: [PYTHON / "python", folder / "adapter.py"],
)
TYPESCRIPT_CLIENT = Language(
    adapter="adapter.ts",
    companions=("conversation.ts", "tsconfig.json"),
    check=lambda folder: [
        [NODE / "tsc", "--project", folder],
        [
            *(NODE / "esbuild", "adapter.ts", "--bundle", "--platform=node", "--format=esm"),
            *("--outfile=adapter.mjs", "--log-level=warning"),
        ],
    ],
    run=lambda folder: ["node", folder / "adapter.mjs"],
)
JAVA_CLIENT = Language(
    adapter="Adapter.java",
    companions=("Generated.java",),
    check=lambda folder: [
        [
            *("javac", "-nowarn", "-d", "classes", "-cp", str(CLASSPATH)),
            *("Adapter.java", "Generated.java", *folder.glob("client/src/main/java/**/*.java")),
        ]
    ],
    run=lambda folder: ["java", "-cp", f"{CLASSPATH}:{folder / 'classes'}", "Adapter"],
)
GO_CLIENT = Language(
    adapter="adapter.go",
    companions=("go.mod",),
    check=lambda _folder: [
        [PYTHON / "go", "vet", "./..."],
        [PYTHON / "go", "build", "-o", "adapter", "."],
    ],
    run=lambda folder: [folder / "adapter"],
)


def _openapi_generator(name: str, output: str, *options: str) -> Command:
    return [
        *(PYTHON / "openapi-generator-cli", "generate", "--generator-name", name),
        *("--input-spec", "{document}", "--output", output, *options),
        *("--global-property", "apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"),
    ]


ALL_GENERATORS = (
    Generator(
        "openapi-python-client",
        PYTHON_CLIENT,
        [
            *(PYTHON / "openapi-python-client", "generate", "--path", "{document}"),
            *("--output-path", "{client}", "--meta", "none"),
        ],
        package=PACKAGE,
        # All but client.py, which is the same for every document, and whose __exit__ is untyped.
        checks=(
            [
                *(PYTHON / "mypy", "--strict", "--config-file=", "--follow-imports=silent"),
                *(f"{PACKAGE}/api", f"{PACKAGE}/models", f"{PACKAGE}/types.py"),
            ],
        ),
        exact_integers=True,
        patches_as_plain_json=False,
        reads_empty_201=False,
    ),
    Generator(
        "openapi-generator-python",
        PYTHON_CLIENT,
        _openapi_generator("python", "{folder}", "--package-name", PACKAGE),
        package=PACKAGE,
        # It brings the settings that it keeps to.
        checks=([PYTHON / "mypy", "--config-file=pyproject.toml", PACKAGE],),
        exact_integers=True,
        reads_empty_201=False,
    ),
    Generator(
        "openapi-generator-typescript-fetch",
        TYPESCRIPT_CLIENT,
        _openapi_generator("typescript-fetch", "{client}"),
    ),
    Generator(
        "openapi-generator-java",
        JAVA_CLIENT,
        _openapi_generator(
            *("java", "{client}", "--library", "native", "--invoker-package", "items.client"),
            *("--api-package", "items.client.api", "--model-package", "items.client.model"),
            *(
                "--additional-properties",
                "openApiNullable=false,useSingleRequestParameter=true,containerDefaultToNull=true",
            ),
        ),
        exact_integers=True,
    ),
    Generator(
        "openapi-generator-go",
        GO_CLIENT,
        _openapi_generator(
            *("go", "{client}", "--package-name", "items"),
            *("--additional-properties", "withGoMod=false"),
        ),
    ),
    Generator(
        "hey-api",
        TYPESCRIPT_CLIENT,
        [NODE / "openapi-ts", "--input", "{document}", "--output", "{client}", "--no-log-file"],
    ),
    Generator(
        "openapi-typescript",
        TYPESCRIPT_CLIENT,
        [NODE / "openapi-typescript", "{document}", "--output", "{client}/schema.ts"],
    ),
    Generator(
        "orval",
        TYPESCRIPT_CLIENT,
        [NODE / "orval", "--config", HERE / "orval.config.mjs"],
    ),
)
# With ITEMS_TEST_SHORT=true, fewer of them are run, and two from the documents of other tables.
SLOW = ("openapi-generator-python", "openapi-generator-typescript-fetch", "openapi-generator-java")
GENERATORS = tuple(each for each in ALL_GENERATORS if not IS_SHORT or each.name not in SLOW)
SHORT_FORM = ("openapi-python-client", "openapi-typescript")
OTHER_DOCUMENTS = tuple(
    generator for generator in GENERATORS if generator.name in SHORT_FORM or not IS_SHORT
)
ONE_KEY_GENERATORS = tuple(replace(generator, has_one_key=True) for generator in OTHER_DOCUMENTS)
