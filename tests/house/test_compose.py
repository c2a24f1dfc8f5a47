"""The containers, without an engine: the files parse, and name what exists."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "gpu-worker", "beat")
READ = re.compile(r"""env\.\w+\(\s*"([A-Z_]+)"|environ\S*\(?["']([A-Z_]+)["']""")
NOT_OF_SETTINGS = {"PYTHONPATH", "DJANGO_SETTINGS_MODULE"}


def variables_read() -> set[str]:
    text = (ROOT / "platform" / "config" / "settings.py").read_text()
    return {one or other for one, other in READ.findall(text)}


def test_the_roles_are_all_there() -> None:
    assert set(SERVICES) == {*OURS, "postgres", "redis"}


@pytest.mark.parametrize("service", OURS)
def test_a_role_sets_no_variable_that_the_settings_do_not_read(service: str) -> None:
    assert set(SERVICES[service]["environment"]) <= variables_read() | NOT_OF_SETTINGS


@pytest.mark.parametrize("service", OURS)
def test_a_role_runs_on_postgresql_and_redis_with_the_source_root_on_its_path(service: str) -> None:
    environment = SERVICES[service]["environment"]
    assert environment["PYTHONPATH"] == "/app:/app/platform"
    assert environment["DATABASE_URL"].startswith("postgres://")
    assert environment["REDIS_URL"] == "redis://redis:6379/0"


@pytest.mark.parametrize("service", ["web", "worker", "gpu-worker", "beat"])
def test_a_role_starts_on_migrated_tables(service: str) -> None:
    assert SERVICES[service]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_whatever_keeps_running_is_looked_after() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    unwatched = {name for name, service in SERVICES.items() if "test" not in service.get("healthcheck", {})}
    assert unwatched == {"web", "migrate"}
    assert SERVICES["migrate"]["healthcheck"] == {"disable": True}
    assert re.search(r"^HEALTHCHECK .*\n.*/healthz", dockerfile, re.MULTILINE)


def test_what_must_outlive_a_container_is_on_a_named_volume() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    assert {mount.split(":")[0] for mount in mounts} == set(COMPOSE["volumes"]) == {"tessera", "postgres", "redis"}


def test_the_gpu_worker_takes_trainings_alone_and_only_when_asked_for() -> None:
    worker, gpu = SERVICES["worker"], SERVICES["gpu-worker"]
    assert gpu["profiles"] == ["gpu"]
    assert gpu["command"][gpu["command"].index("--queues") + 1] == "gpu"
    assert worker["command"][worker["command"].index("--queues") + 1] == "celery"


def test_there_is_one_beat() -> None:
    commands = {name: service.get("command", []) for name, service in SERVICES.items()}
    assert [name for name, command in commands.items() if {"beat", "-B"} & set(command)] == ["beat"]


def test_a_secret_has_no_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    for secret in ("TESSERA_SECRET_KEY", "POSTGRES_PASSWORD"):
        assert set(re.findall(rf"\$\{{{secret}(:.)", text)) == {":?"}


def test_the_example_names_every_variable_that_compose_asks_for() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    offered = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert asked == offered


def test_the_image_runs_as_nobody_special_with_hashed_static_files() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^USER (\w+)", dockerfile, re.MULTILINE) == ["tessera"]
    assert "TESSERA_HASHED_STATIC=1" in dockerfile
    assert dockerfile.index("--requirement /tmp/torch") < dockerfile.index("COPY . .")


def test_what_the_image_needs_is_not_ignored() -> None:
    let_in = set(re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    assert all((ROOT / path).exists() for path in let_in)
    assert {"manage.py", "platform", "annotations", "learning", "templates", "static", "deploy/pins"} <= let_in


def test_compose_itself_accepts_the_file() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker compose here")
    secrets = {"TESSERA_SECRET_KEY": "a", "POSTGRES_PASSWORD": "b"}
    command = ["docker", "compose", "--profile", "gpu", "config", "--quiet"]
    ended = subprocess.run(command, cwd=ROOT, env=os.environ | secrets, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
