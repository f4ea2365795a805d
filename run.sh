#!/usr/bin/env bash
# Sets up .venv and serves the explorer, runs the tests or runs lpvae. See --help.
# Written for bash 3.2 and the tools common to Linux and macOS.
set -euo pipefail

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
cd -- "$root"
venv=$root/.venv
log=$venv/setup.log
browser_log=$venv/browser.log
unset PYTHONHOME
export PYTHONPATH=$root

usage() {
  cat <<'TEXT'
Usage:
  ./run.sh [--port N]        set up if needed, then serve the explorer on 127.0.0.1 (port 8501, or PORT)
  ./run.sh setup             set up .venv only
  ./run.sh test [ARGS]       set up if needed, then run the tests; ARGS go to pytest
  ./run.sh lpvae ARGS        set up if needed, then run the command line, as in ./run.sh lpvae info
  ./run.sh --help            show this

Environment: PORT (the port), PYTHON (the Python 3.11 or newer that makes .venv), CHROMIUM (the browser of the tests).
TEXT
}

die() { # die STATUS SENTENCE
  printf 'run.sh: %s\n' "$2" >&2
  exit "$1"
}

note() { printf 'run.sh: %s\n' "$1" >&2; }

# ---- Python ----------------------------------------------------------------------------------------------------------

# Exit status 0: fit to make .venv; 3: too old; 4: lacks venv or pip; anything else: does not run.
probe_python() {
  "$1" -c '
import sys
if sys.version_info < (3, 11): sys.exit(3)
try: import ensurepip, venv
except ImportError: sys.exit(4)
' >/dev/null 2>&1 </dev/null
}

find_python() { # prints the command of a fit Python, or dies
  local candidate status lacks_venv=''
  if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.13 python3.12 python3.11 python3 python; fi
  for candidate in "$@"; do
    status=0
    probe_python "$candidate" || status=$?
    if [ "$status" -eq 0 ]; then printf '%s\n' "$candidate"; return; fi
    if [ "$status" -eq 4 ]; then lacks_venv=$candidate; fi
  done
  if [ -n "$lacks_venv" ]; then
    die 1 "$lacks_venv cannot make virtual environments; install its venv package (on Debian or Ubuntu: python3-venv) and run again."
  elif [ -n "${PYTHON:-}" ]; then
    die 1 "PYTHON=$PYTHON is not a Python 3.11 or newer; name one or unset PYTHON."
  fi
  die 1 "no Python 3.11 or newer was found on PATH; install one, or name it as in PYTHON=/path/to/python3 ./run.sh."
}

venv_runs() { [ -x "$venv/bin/python" ] && probe_python "$venv/bin/python"; }

pip_runs() { venv_runs && "$venv/bin/python" -m pip --version >/dev/null 2>&1 </dev/null; }

any_python() { if venv_runs; then printf '%s\n' "$venv/bin/python"; else find_python; fi; }

# ---- .venv -----------------------------------------------------------------------------------------------------------
# A stamp is the Python version and the text of a requirements file, written only after the whole of that file has been
# installed and checked. No stamp: finish the install. A stamp whose packages are not all there: make .venv anew.

stamp_text() { # stamp_text FILE
  "$venv/bin/python" -c 'import sys; print("python %d.%d" % sys.version_info[:2])' && cat "$1"
}

stamped() { # stamped FILE
  [ -f "$venv/$1.stamp" ] && stamp_text "$1" | cmp -s - "$venv/$1.stamp"
}

# Every pinned package has its version, and every installed file its recorded size (a fraction of a second in all).
packages_whole() { # packages_whole FILE
  "$venv/bin/python" - "$1" >/dev/null 2>&1 <<'PYTHON'
import csv, importlib.metadata, os, sys

for line in open(sys.argv[1], encoding="utf-8"):
    name, pinned, version = line.partition("#")[0].strip().partition("==")
    if not pinned:
        continue
    package = importlib.metadata.distribution(name)
    if package.version.partition("+")[0] != version:  # "2.13.0+cpu" is a build of 2.13.0
        sys.exit(1)
    for path, _, size in csv.reader((package.read_text("RECORD") or "").splitlines()):
        if size and os.stat(package.locate_file(path)).st_size != int(size):
            sys.exit(1)
PYTHON
}

installed() { # installed FILE...
  local file
  venv_runs || return 1
  for file in "$@"; do
    stamped "$file" && packages_whole "$file" || return 1
  done
}

make_venv() {
  local python
  python=$(find_python)
  note "making .venv with $("$python" -c 'import sys; print("Python %d.%d.%d" % sys.version_info[:3])')"
  rm -rf -- "$venv" || die 1 "cannot remove the broken .venv; remove it by hand and run again."
  mkdir -p -- "$venv" || die 1 "cannot make the folder .venv here; check the folder's permissions and the disk."
  "$python" -m venv "$venv" </dev/null >>"$log" 2>&1 ||
    die 1 "cannot make .venv with $python; what it said is in $log."
}

# pip's progress goes to the terminal, its complaints to the log, and the reader gets one sentence. Nothing goes to
# standard output, which belongs to the command that is about to run.
pip_install() { # pip_install FILE
  local complaint
  note "installing $1 (once; the first time it takes several minutes)"
  : >"$log"
  if PIP_USER=0 "$venv/bin/python" -m pip install --disable-pip-version-check -r "$1" </dev/null >&2 2>>"$log"; then
    return
  fi
  if tail -n 8 "$log" | grep -E 'NewConnectionError|NameResolutionError|Timeout|ProxyError|Network is unreachable' >/dev/null; then
    die 1 "no network: pip cannot reach the package index; connect and run again (what pip said is in $log)."
  fi
  complaint=$(grep '^ERROR' "$log" | tail -n 1 | cut -c 1-200 || true)
  die 1 "pip could not install $1${complaint:+ ($complaint)}; what pip said is in $log."
}

install() { # install FILE: finish or repair, check, then stamp
  if stamped "$1"; then
    note ".venv is damaged: making it anew"
    make_venv
  fi
  pip_install "$1"
  if ! packages_whole "$1"; then
    note ".venv is damaged: making it anew"
    make_venv
    pip_install "$1"
    packages_whole "$1" || die 1 "the packages in .venv are not those of $1 even after a new install; what pip said is in $log."
  fi
  "$venv/bin/python" -c 'import streamlit, torch' </dev/null 2>>"$log" ||
    die 1 "the packages in .venv do not load on this machine; what Python said is in $log."
  stamp_text "$1" >"$venv/$1.stamp.tmp"
  mv -f -- "$venv/$1.stamp.tmp" "$venv/$1.stamp"
}

# One set-up at a time. The lock is on run.sh itself, through a descriptor the shell keeps open, so it goes with the shell.
lock() {
  exec 9<"$root/run.sh"
  "$1" -c '
import fcntl, sys
try: fcntl.flock(9, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    print("run.sh: waiting for another ./run.sh to finish its set-up", file=sys.stderr)
    fcntl.flock(9, fcntl.LOCK_EX)
except OSError: pass  # a file system without locks
' || true
}

setup() { # setup FILE...
  local file python
  if installed "$@"; then return; fi
  python=$(any_python)
  lock "$python"
  if ! pip_runs; then make_venv; fi
  for file in "$@"; do
    installed "$file" || install "$file"
  done
  exec 9<&-
}

# ---- serving ---------------------------------------------------------------------------------------------------------

check_port() { # check_port PORT: a number, and free, before any slow work
  local python status=0
  if ! [[ $1 =~ ^[1-9][0-9]{0,4}$ ]] || [ "$1" -gt 65535 ]; then
    die 2 "the port must be a number from 1 to 65535, not '$1'."
  fi
  python=$(any_python)
  "$python" - "$1" 2>/dev/null <<'PYTHON' || status=$?
import socket, sys

address = "127.0.0.1", int(sys.argv[1])
with socket.socket() as client:  # on some systems binding alone does not see a server on all addresses
    client.settimeout(1)
    if client.connect_ex(address) == 0:
        sys.exit(5)
with socket.socket() as server:
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        server.bind(address)
    except PermissionError:
        sys.exit(6)
    except OSError:
        sys.exit(5)
PYTHON
  case $status in
    0) ;;
    5) die 1 "port $1 is taken by another program; stop it or choose another port, as in ./run.sh --port $(($1 < 65535 ? $1 + 1 : $1 - 1))." ;;
    6) die 1 "port $1 needs administrator rights; choose one above 1023, as in ./run.sh --port 8501." ;;
    *) die 1 "cannot check port $1 with $python." ;;
  esac
}

serve() { # serve PORT
  check_port "$1"
  setup requirements.txt
  exec "$venv/bin/python" -m explorer --server.address 127.0.0.1 --server.port "$1" --server.headless true
}

# ---- testing ---------------------------------------------------------------------------------------------------------

browser_runs() { command -v "$1" >/dev/null 2>&1 && "$1" --version >/dev/null 2>&1 </dev/null; }

find_browser() { # prints the path of a browser of this machine
  local candidate
  for candidate in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' '/Applications/Chromium.app/Contents/MacOS/Chromium'; do
    if [ -n "$candidate" ] && browser_runs "$candidate"; then command -v "$candidate"; return; fi
  done
  candidate=$("$venv/bin/python" -c '
from playwright.sync_api import sync_playwright
with sync_playwright() as p: print(p.chromium.executable_path)
' 2>/dev/null </dev/null) || return 1
  browser_runs "$candidate" && printf '%s\n' "$candidate"
}

apt_install_browser() { # where apt-get can be used without a question
  local as_root=''
  command -v apt-get >/dev/null 2>&1 || return 1
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true >/dev/null 2>&1 || return 1
    as_root='sudo -n'
  fi
  note "installing the distribution's Chromium, for the tests"
  { $as_root apt-get update &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } \
    >>"$browser_log" 2>&1 </dev/null
}

playwright_install_browser() {
  note "installing Playwright's Chromium, for the tests"
  "$venv/bin/python" -m playwright install chromium >>"$browser_log" 2>&1 </dev/null
}

run_tests() {
  setup requirements.txt requirements-test.txt
  export PLAYWRIGHT_BROWSERS_PATH=$venv/browsers
  if [ -n "${CHROMIUM:-}" ] && ! browser_runs "$CHROMIUM"; then
    die 1 "CHROMIUM=$CHROMIUM is not a browser that runs; name one or unset CHROMIUM."
  fi
  if ! CHROMIUM=$(find_browser); then
    apt_install_browser || true
    if ! CHROMIUM=$(find_browser); then
      playwright_install_browser || true
      CHROMIUM=$(find_browser) ||
        die 1 "no Chromium was found or could be installed (what was tried is in $browser_log); install one, or name it as in CHROMIUM=/path/to/chromium ./run.sh test."
    fi
  fi
  export CHROMIUM
  exec "$venv/bin/python" -m pytest tests ${1+"$@"}
}

# ---- the command line ------------------------------------------------------------------------------------------------

main() {
  local port=${PORT:-8501} command=${1:-}
  case $command in
    setup)
      [ $# -eq 1 ] || die 2 "unknown argument '$2' after setup; ./run.sh --help lists what there is."
      setup requirements.txt
      return ;;
    test) shift; run_tests ${1+"$@"} ;;
    lpvae) shift; setup requirements.txt; exec "$venv/bin/python" -m lpvae ${1+"$@"} ;;
  esac
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help) usage; return ;;
      --port=*) port=${1#--port=} ;;
      --port)
        [ $# -ge 2 ] || die 2 "--port needs a number, as in ./run.sh --port 8600."
        port=$2; shift ;;
      *) die 2 "unknown argument '$1'; ./run.sh --help lists what there is." ;;
    esac
    shift
  done
  serve "$port"
}

main ${1+"$@"}
