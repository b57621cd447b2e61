"""The container files: they pass their linters, and agree with the code that they start."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from search.settings import Settings

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
DOCKERFILE = (DOCKER / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
CUDA = yaml.safe_load((DOCKER / "compose.cuda.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = sorted(name for name, told in SERVICES.items() if told["image"].startswith("findalike-"))


def tool(name: str) -> str:
    """Return the path of a linter of the extra `dev`; skip the test if it is not installed."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:/usr/bin:/usr/sbin")
    return found or pytest.skip(f"needs {name}")


def lint(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def seconds(span: str) -> float:
    """Read a Compose duration such as `1m` or `90s`."""
    parts = re.findall(r"(\d+)(m|s)", span)
    assert "".join(map("".join, parts)) == span
    return sum(int(n) * {"m": 60, "s": 1}[unit] for n, unit in parts)


def test_the_dockerfile_is_clean(tmp_path: Path) -> None:
    hadolint = tool("hadolint")
    found = lint(hadolint, DOCKER / "Dockerfile")
    assert (found.returncode, found.stdout) == (0, "")

    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python:latest\nRUN cd /tmp && sudo pip install findalike\n")
    assert lint(hadolint, careless).returncode == 1


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cuda.yaml"])
def test_compose_files_follow_the_specification(name: str, tmp_path: Path) -> None:
    schema = [tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec"]
    found = lint(*schema, DOCKER / name)
    assert found.returncode == 0, found.stdout

    wrong = tmp_path / name
    wrong.write_text((DOCKER / name).read_text().replace("image:", "imagine:"))
    assert lint(*schema, wrong).returncode == 1


def asked_of(name: str) -> list[list[str]]:
    """The commands of a service: its own, its health check's, and its command with a GPU."""
    told = SERVICES[name]
    commands = [told["command"], CUDA["services"].get(name, {}).get("command")]
    commands.append(told.get("healthcheck", {}).get("test", [""])[1:])
    return [command for command in commands if command and command[0] == "findalike"]


@pytest.mark.parametrize("name", OURS)
def test_what_a_service_starts_exists_and_takes_its_options(name: str) -> None:
    commands = asked_of(name)
    assert commands
    for _, *arguments in commands:
        (entry,) = entry_points(group="findalike.commands", name=arguments[0])
        entry.load().make_context(entry.name, arguments[1:])  # raises if a value is refused


def test_one_service_keeps_the_schedule_and_asks_the_build_worker() -> None:
    schedulers = [name for name in OURS if "schedule" in SERVICES[name]["command"]]
    assert schedulers == ["schedule"]
    assert "--queued" in SERVICES["schedule"]["command"]
    assert SERVICES["schedule"]["deploy"].get("replicas", 1) == 1


def test_image_commands_exist() -> None:
    started = re.findall(r'CMD \["findalike", "(\w+)"', DOCKERFILE)
    assert set(started) == {"serve", "worker"}
    assert set(started) <= {entry.name for entry in entry_points(group="findalike.commands")}


def test_every_variable_is_a_setting() -> None:
    files = [*DOCKER.glob("compose*.yaml"), DOCKER / ".env.example", DOCKER / "Dockerfile"]
    text = "".join(file.read_text() for file in files)
    named = set(re.findall(r"FINDALIKE_([A-Z_]+)", text))
    assert {"HOME", "DATABASE_URL", "BROKER_URL", "SECRET_KEY", "PROXIES"} <= named
    assert named - {name.upper() for name in Settings.model_fields} == set()


def test_variables_that_must_be_given_are_in_the_example() -> None:
    example = (DOCKER / ".env.example").read_text()
    used = set(re.findall(r"\$\{([A-Z_]+)", (DOCKER / "compose.yaml").read_text()))
    given = set(re.findall(r"^#? ?([A-Z_]+)=", example, flags=re.MULTILINE))
    assert used - given == {"FINDALIKE_MODEL"}  # its default suits most shops
    secrets = re.findall(r"^(\w*(?:PASSWORD|SECRET_KEY))=(.*)$", example, flags=re.MULTILINE)
    assert len(secrets) == 3
    assert {value for _, value in secrets} == {""}
    assert "docker/.env" in (ROOT / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_services_are_plain_users_with_limits_and_an_end(name: str) -> None:
    told = SERVICES[name]
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    limits = told["deploy"]["resources"]["limits"]
    assert float(limits["cpus"]) > 0
    assert limits["memory"]
    assert told["restart"] == ("no" if name == "migrate" else "unless-stopped")
    if name in OURS:  # the image's own user
        assert "user" not in told
        assert told["read_only"] is True
    else:
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", told["user"])
        assert re.search(r":\d+(\.\d+)?-?", told["image"])
    checked = told.get("healthcheck", {})
    assert "test" in checked or name in {"migrate", "watch", "worker", "products", "build"}
    assert ":latest" not in told["image"]


def test_images_are_of_a_plain_user_and_of_pinned_versions() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    bases = {stage.split()[0]: stage for stage in stages}
    names = {re.match(r"\S+ AS (\S+)", stage).group(1) for stage in stages}  # type: ignore[union-attr]
    assert [base for base in bases if base not in names] == ["python:3.12-slim-bookworm"]
    runtime = next(stage for stage in stages if " AS runtime" in stage.splitlines()[0])
    assert "USER 10001:10001" in runtime
    for target in ("web", "worker", "worker-cuda"):
        stage = next(s for s in stages if s.splitlines()[0] == f"runtime AS {target}")
        assert "HEALTHCHECK" in stage
        assert "USER" not in stage


def test_every_installation_keeps_to_the_constraints() -> None:
    joined = DOCKERFILE.replace("\\\n", " ")
    installs = re.findall(r"pip install .*", joined)
    assert len(installs) == 4
    assert [line for line in installs if "--constraint constraints.txt" not in line] == []


def test_the_build_gets_what_the_package_is_made_of_and_nothing_else() -> None:
    kept = {
        line[1:]
        for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found = project["tool"]["setuptools"]["packages"]["find"]["include"]
    packages = {name.rstrip("*") for name in found}
    assert kept == packages | {"pyproject.toml", "constraints.txt", "README.md", "LICENSE"}
    assert [name for name in kept if not (ROOT / name).exists()] == []
    assert "redis" in project["project"]["optional-dependencies"]  # the Dockerfile reads it


@pytest.mark.parametrize("name", ["worker", "products", "build"])
def test_workers_are_given_longer_than_they_take_to_stop(name: str) -> None:
    patience = seconds(SERVICES[name]["stop_grace_period"])
    for command in asked_of(name):
        assert float(command[command.index("--stop-within") + 1]) + 5 <= patience


def test_two_workers_and_one_builder_share_one_home() -> None:
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert "fetch,encode" in SERVICES["worker"]["command"]
    assert "build" in SERVICES["build"]["command"]
    homes = {v for name in OURS for v in SERVICES[name]["volumes"] if ":/var/lib" in v}
    assert homes == {"home:/var/lib/findalike"}
    assert COMPOSE["x-settings"]["FINDALIKE_HOME"] == "/var/lib/findalike"


def test_services_wait_for_what_they_need() -> None:
    for name in OURS:
        needed = SERVICES[name]["depends_on"]
        if name == "migrate":
            assert needed == {"postgres": {"condition": "service_healthy"}}
        else:
            assert needed["migrate"]["condition"] == "service_completed_successfully"
            for broker in ("rabbitmq", "redis"):  # one of the two is in use
                assert needed[broker] == {"condition": "service_healthy", "required": False}
                assert SERVICES[broker]["profiles"] == [broker]
