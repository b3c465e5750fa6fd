"""The example of the manual is true: it is read without a problem and names every setting there is."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from engine import settings
from engine.settings import Settings, load

PAGE = (Path(settings.__file__).parents[1] / "help" / "settings.md").read_text("utf-8")


def example() -> str:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def test_the_example_is_read_without_a_problem(tmp_path: Path) -> None:
    (tmp_path / "dunwell.toml").write_text(example(), "utf-8")
    (tmp_path / "mail.password").write_text("s3cret")
    (tmp_path / "erp.secret").write_text("whsec")
    (tmp_path / "identity.secret").write_text("s3cret")
    (tmp_path / "mail-ca.pem").write_text("-----BEGIN CERTIFICATE-----")
    workspace, problems = load(tmp_path)
    assert problems == ()
    assert workspace is not None


def test_the_example_names_every_setting() -> None:
    written = tomllib.loads(example())
    assert set(written) == set(Settings.model_fields)
    for section in ("company", "workspace", "database", "ledger", "mail"):
        model = Settings.model_fields[section].annotation
        assert model is not None
        known = {field.alias or name for name, field in model.model_fields.items()} - {"password"}
        assert set(written[section]) == known, section
