"""Promises about the whole house: where imports point, who may open which page, what stands on its own."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from zhida.engine.api import PackSource

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "zhida"
# Paths of the workplace and addresses of registries: nothing of the project may name them.
OUTSIDE = r"\.\./shared|/work/|\.library|pypi\.org|registry\.npmjs"


def test_import_contracts_hold() -> None:
    done = subprocess.run([str(Path(sys.executable).parent / "lint-imports")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def all_views(patterns: list[URLPattern | URLResolver], prefix: str = "") -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        found += all_views(pattern.url_patterns, route) if isinstance(pattern, URLResolver) else [(route, pattern.callback)]
    return found


def test_every_url_has_a_permission_or_is_declared_public() -> None:
    from zhida.blocks.access.api import ALL_PERMISSIONS

    views = all_views(get_resolver().url_patterns)
    assert len(views) > 20
    for route, view in views:
        permission = getattr(view, "permission", None)
        assert permission == "public" or permission in ALL_PERMISSIONS, f"/{route} has no permission"


def test_the_project_needs_nothing_outside_itself() -> None:
    named = subprocess.run(["git", "grep", "-lE", OUTSIDE], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert [name for name in named if not name.endswith("test_house.py")] == []


def test_packs_are_data() -> None:
    for name in ("models.py", "views.py", "migrations"):
        assert not list((SOURCE / "packs").rglob(name))


def test_the_law_loads_without_running_a_line_of_a_pack(tmp_path: Path) -> None:
    """Rule files are read as data (decision 0015): no module of a pack is ever imported."""
    script = (
        "import django, sys; django.setup(); from zhida.blocks.policies import api; assert len(api.installed_law().benefits) > 30; "
        "print([name for name in sys.modules if name.startswith('zhida.packs.') or name == 'zhida.blocks.policies.common'])"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "zhida.project.settings", "ZHIDA_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr[-2000:]


def test_a_new_pack_can_be_read(tmp_path: Path) -> None:
    """``make new-pack`` in a copy of the house."""
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    shutil.copytree(SOURCE / "packs" / "housing", tmp_path / "src" / "zhida" / "packs" / "housing")
    command = [sys.executable, str(tmp_path / "scripts" / "new_pack.py"), "libraries"]
    assert "libraries" in subprocess.run(command, capture_output=True, text=True, check=True).stdout
    files = PackSource("libraries", tmp_path / "src" / "zhida" / "packs" / "libraries", "zhida.blocks.policies.language").read()
    assert [file.constants["PACK"].label.en for file in files if file.constants] == ["libraries"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("code", ["from zhida.project import urls", "from zhida.blocks.policies import api; api.benefits()"])
def test_the_platform_starts_without_packs(code: str, tmp_path: Path) -> None:
    script = f"import django; django.setup(); {code}"
    environment = {"DJANGO_SETTINGS_MODULE": "zhida.project.settings", "ZHIDA_PACKS": ",", "ZHIDA_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_tables_and_migrations_agree(tmp_path: Path) -> None:
    """Django's own checks find nothing, and no model waits for a migration."""
    environment = {"DJANGO_SETTINGS_MODULE": "zhida.project.settings", "ZHIDA_HOME": str(tmp_path), "PATH": ""}
    command = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run"]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_the_navigation_shows_a_page_to_those_who_may_open_it() -> None:
    """An entry names the permissions of its page, all of them and no others; only what is open to all may be shown to fewer."""
    from django.urls import resolve

    from zhida.web.navigation import NAVIGATION

    for place in (place for group in NAVIGATION for place in group.places):
        view = resolve(place.url).func
        assert view.permission == "public" or set(view.permissions) == set(place.permissions), place.url
