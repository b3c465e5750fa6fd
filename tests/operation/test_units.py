"""What an operator copies from docs/operation is accepted by the programs that read it, and does what it says."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine import settings

HERE = Path(__file__).parents[2] / "docs" / "operation"
DUNWELL = Path(sys.executable).with_name("dunwell")


def tool(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: apt-get install {package})")
    return found


def said(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False, timeout=60)
    told = done.stdout + done.stderr
    assert done.returncode == 0, told
    return told


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit, with Dunwell where it is in these tests."""
    text = (HERE / "dunwell.service").read_text("utf-8")
    assert text.count("/opt/dunwell/bin/dunwell") == 1
    file = tmp_path / "dunwell.service"
    file.write_text(text.replace("/opt/dunwell/bin/dunwell", str(DUNWELL)), "utf-8")
    return file


def test_systemd_takes_the_unit(unit: Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    assert said(analyze, "verify", "--man=no", unit) == ""


def test_the_same_unit_serves_several_companies(unit: Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    each = unit.with_name("dunwell@.service")
    each.write_text(unit.read_text("utf-8"), "utf-8")
    assert said(analyze, "verify", "--man=no", f"{unit.parent}/dunwell@north.service") == ""


def test_the_service_may_do_little(unit: Path) -> None:
    analyze = tool("systemd-analyze", "systemd")
    told = said(analyze, "security", "--offline=true", "--no-pager", unit)
    found = re.search(r"Overall exposure level for .*: ([\d.]+)", told)
    assert found is not None, told
    assert float(found[1]) < 3, told


LETTER = """
import ctypes, multiprocessing, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
import mmap
try:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    sys.exit(78)
except PermissionError:
    pass
import polars, weasyprint, engine.core.rules, engine.daemon.service
assert polars.DataFrame({"a": [1, 2]}).group_by("a").len().height == 2
assert weasyprint.HTML(string="<p>Dear customer</p>").write_pdf()[:4] == b"%PDF"
"""


def test_no_memory_is_written_and_run() -> None:
    """MemoryDenyWriteExecute as the kernel itself has it: columns, letters and rules work all the same."""
    if sys.platform != "linux" or ctypes.CDLL(None).prctl(66, 0, 0, 0, 0) < 0:  # PR_GET_MDWE
        pytest.skip("this kernel cannot refuse such memory by itself (Linux 6.3)")
    assert "Environment=POLARS_SKIP_CPU_CHECK=1" in (HERE / "dunwell.service").read_text("utf-8")
    environment = {"POLARS_SKIP_CPU_CHECK": "1", "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", LETTER],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)


def test_prometheus_takes_the_rules() -> None:
    promtool = tool("promtool", "prometheus")
    assert "SUCCESS" in said(promtool, "check", "rules", HERE / "alerts.yaml")


def test_the_rules_speak_when_they_should() -> None:
    promtool = tool("promtool", "prometheus")
    assert "SUCCESS" in said(promtool, "test", "rules", HERE / "alerts_test.yaml")


def test_every_rule_is_tried_and_every_number_exists() -> None:
    rules, trials = ((HERE / name).read_text("utf-8") for name in ("alerts.yaml", "alerts_test.yaml"))
    for name in re.findall(r"alert: (\w+)", rules):
        assert re.search(rf"alertname: {name}\n\s+exp_alerts:", trials), name
    numbers = "".join(
        (Path(__file__).parents[2] / "engine" / "daemon" / "metrics.py").read_text("utf-8").split()
    )
    for name in set(re.findall(r"dunwell_\w+", rules)):
        bare = name.removeprefix("dunwell_").removesuffix("_total")
        assert f'"{bare}"' in numbers or f'"dunwell_{bare}"' in numbers, name


def test_the_environments_settings_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = re.findall(r"^# (DUNWELL_\w+)=(.*)$", (HERE / "dunwell.env").read_text("utf-8"), re.MULTILINE)
    assert len(lines) >= 4
    (tmp_path / "dunwell.toml").write_text('[webhooks.erp]\nurl = "https://erp.example.com/in"\n', "utf-8")
    secret = tmp_path / "secret"
    secret.write_text("secret", "utf-8")
    for name, value in lines:
        monkeypatch.setenv(name, str(secret) if name.endswith("_FILE") else value)
    found, problems = settings.load(tmp_path)
    assert found is not None, problems
    assert found.settings.mail.password is not None
