#!/usr/bin/env bash
# Makes the virtual environment that `make preview` and `make test` use. Run by `make setup`; quick when nothing changed.
#
#   PYTHON  the Python to build on (3.11, 3.12 or 3.13); by default the environment's own, else python3
#   VENV    the folder of the environment, by default .venv
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
VENV=${VENV:-.venv}
if [ -z "${PYTHON:-}" ]; then
    PYTHON=python3
    "$VENV/bin/python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && PYTHON=$VENV/bin/python
fi
LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT

say() { printf '%s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# Debian's packages, where we may install them; else one line that says what is missing.
packages() {
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "Installing $* …"
        export DEBIAN_FRONTEND=noninteractive
        { apt-get -o DPkg::Lock::Timeout=300 update && apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"; } >"$LOG" 2>&1 && return 0
        tail -n 3 "$LOG" >&2
    fi
    return 1
}

command -v "$PYTHON" >/dev/null || packages python3 python3-venv python3-dev ||
    fail "there is no $PYTHON; please install Python 3.11 or later, or run: make setup PYTHON=/path/to/python3"
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$PYTHON" --version) is too old; please run: make setup PYTHON=/path/to/python3.11 (or later)"
version=$("$PYTHON" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

if [ "$("$VENV/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" != "$version" ]; then
    "$PYTHON" -c 'import venv, ensurepip' 2>/dev/null || packages python3-venv ||
        fail "Python cannot make virtual environments; please run: sudo apt-get install python3-venv"
    "$PYTHON" -m venv --clear "$VENV"
fi
pip() { "$VENV/bin/python" -m pip --disable-pip-version-check --no-input -qq "$@"; }
# uv installs the same packages several times as quickly; where it cannot, pip does it.
put() { "$VENV/bin/uv" pip install -q --python "$VENV/bin/python" "$@" 2>"$LOG" || pip install --no-compile "$@"; }

# Everything that pyproject.toml names, except the rules engine, which has to be built and may be done without.
"$VENV/bin/python" - >"$LOG.names" <<'NAMES'
import tomllib

with open("pyproject.toml", "rb") as file:
    project = tomllib.load(file)
groups = project["dependency-groups"]
named = project["project"]["dependencies"] + groups["dev"] + groups["bench"]
print(*(one for one in named if not one.startswith("durable-rules")), sep="\n")
NAMES
trap 'rm -f "$LOG" "$LOG.names"' EXIT
say "Installing what Dunwell needs into $VENV (Python $version) …"
pip install uv 2>"$LOG" || true
# Each module is compiled when it is first used: most of them never are.
put -r "$LOG.names" editables || fail "the packages could not be installed; is there a connection to the package index?"
put --no-deps --no-build-isolation -e . || fail "Dunwell itself could not be installed"

# durable-rules is published as source only. On Python 3.13 its source uses a function under the name it had before.
works() { "$VENV/bin/python" -c 'import durable_rules_engine' 2>/dev/null; }
build() {
    pip install setuptools wheel &&
        CPPFLAGS="$flags" pip install --no-deps --no-build-isolation --no-cache-dir --force-reinstall durable-rules==2.0.28
}
if ! works; then
    flags=$("$PYTHON" -c 'import sys; print("-DPyEval_CallObject=PyObject_CallObject" * (sys.version_info >= (3, 13)))')
    headers=$("$PYTHON" -c 'import os, sysconfig; print(os.path.join(sysconfig.get_paths()["include"], "Python.h"))')
    if ! command -v gcc >/dev/null || [ ! -e "$headers" ]; then
        packages gcc libc6-dev python3-dev || true
    fi
    say "Building durable-rules …"
    build >"$LOG" 2>&1 || true
    works || {
        pip uninstall -y durable-rules >/dev/null 2>&1 || true
        say "durable-rules could not be built: Dunwell decides with its own evaluator alone, and says so."
        say "  To have both, install gcc and the Python headers (sudo apt-get install gcc python3-dev), then: make -B setup"
    }
fi

# Letters are drawn with Pango.
draws() { "$VENV/bin/python" -c 'import weasyprint' >/dev/null 2>&1; }
draws || packages libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 || true
draws || say "Letters need the Pango library: sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
say "Ready."
