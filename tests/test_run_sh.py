"""run.sh on machines where something is missing: one sentence, a non-zero exit, and nothing installed.

Each test copies run.sh into an empty folder and gives it a PATH that holds the plain tools it uses and whichever Python
the test wants. WORKING_PYTHON is this interpreter behind a shell script: it makes a .venv of the same kind at once, and
its pip only writes a line to a file, so that nothing is downloaded and every call can be counted.
"""

import os
import shutil
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ["bash", "cat", "chmod", "cmp", "cp", "cut", "dirname", "env", "grep", "mkdir", "mv", "rm", "sh", "tail"]
NO_NETWORK = "WARNING: Retrying after connection broken by 'NewConnectionError(...)'"
NO_PACKAGE = "ERROR: No matching distribution found for streamlit"

WORKING_PYTHON = """
if [ "$1 $2" = "-m venv" ]; then
  mkdir -p "$3/bin"; cp "$0" "$3/bin/python"; chmod +x "$3/bin/python"
elif [ "$1 $2 $3" = "-m pip install" ]; then
  echo "$*" >>'{folder}/pip-calls'
  if [ -f '{folder}/pip-says' ]; then cat '{folder}/pip-says' >&2; exit 1; fi
elif [ "$1 $2" = "-m explorer" ]; then
  echo "$*" >>'{folder}/served'
elif [ "$1 $2" = "-m pytest" ]; then
  echo "$CHROMIUM $*" >>'{folder}/tested'
elif [ "$1 $2" = "-m playwright" ]; then
  echo "$*" >>'{folder}/playwright-calls'; exit 1
else
  exec '{interpreter}' "$@"
fi"""


class Machine:
    """A folder with run.sh, a PATH of its own, and a record of what was asked of pip and of the server."""

    def __init__(self, folder):
        self.folder, self.tree, self.bin = folder, folder / "a tree", folder / "bin"
        self.venv = self.tree / ".venv"
        self.tree.mkdir()
        self.bin.mkdir()
        shutil.copy(ROOT / "run.sh", self.tree)
        self.require("pytest")
        for module in "streamlit", "torch":  # found before the real ones, and loaded at once
            (self.tree / f"{module}.py").touch()
        for tool in TOOLS:
            (self.bin / tool).symlink_to(shutil.which(tool))

    def require(self, *packages):
        pins = "".join(f"{package}=={version(package)}  # as installed here\n" for package in packages)
        (self.tree / "requirements.txt").write_text(pins)

    def add_command(self, name, script):
        (self.bin / name).write_text(f"#!/bin/sh\n{script}\n")
        (self.bin / name).chmod(0o755)

    def add_python(self):
        self.add_command("python3", WORKING_PYTHON.format(folder=self.folder, interpreter=sys.executable))

    def pip_fails(self, complaint):
        (self.folder / "pip-says").write_text(complaint + "\n")

    def pip_works(self):
        (self.folder / "pip-says").unlink()

    def run(self, *arguments, **environment):
        return subprocess.run(
            [self.tree / "run.sh", *arguments],
            cwd="/",
            env={"PATH": str(self.bin), "HOME": str(self.folder), **environment},
            stdin=subprocess.DEVNULL,
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self, record):
        path = self.folder / record
        return path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.fixture
def working(machine):
    machine.add_python()
    return machine


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def assert_one_sentence(result, *words, status=1):
    assert result.returncode == status, result.stderr
    complaints = [line for line in result.stderr.splitlines() if line.startswith("run.sh: ")]
    assert result.stderr.splitlines() == complaints
    assert complaints[-1].endswith(".")
    for word in words:
        assert word in complaints[-1]
    return complaints


@pytest.mark.parametrize("command", [(), ("setup",), ("test",), ("lpvae", "info")])
def test_no_python_at_all(machine, command):
    complaints = assert_one_sentence(machine.run(*command), "no Python 3.11 or newer")
    assert len(complaints) == 1
    assert not machine.venv.exists()


@pytest.mark.parametrize(
    "status, words", [(3, "no Python 3.11 or newer"), (4, "cannot make virtual environments"), (127, "no Python 3.11")]
)
def test_only_unfit_pythons(machine, status, words):
    for name in "python3.11", "python3", "python":
        machine.add_command(name, f"exit {status}")
    complaints = assert_one_sentence(machine.run("setup"), words)
    assert len(complaints) == 1
    assert not machine.venv.exists()


def test_an_old_python_is_told_from_a_new_one_by_its_version(machine):
    pretend = 'shift; exec "{}" -c "import sys; sys.version_info = (3, 10, 9); $1"'
    machine.add_command("python3", pretend.format(sys.executable))
    assert_one_sentence(machine.run("setup"), "no Python 3.11 or newer")


def test_python_named_by_the_environment_must_be_fit(working):
    assert_one_sentence(working.run("setup", PYTHON="/no such/python"), "PYTHON=/no such/python")


def test_a_fit_python_is_found_behind_unfit_ones(working):
    working.add_command("python3.13", "exit 127")
    assert working.run("setup").returncode == 0


@pytest.mark.parametrize("port", ["", "0", "65536", "123456", "-1", "8501.5", "eighty", "80 80", "08501", "8501;ls"])
def test_port_that_is_none(working, port):
    for result in working.run("--port", port), working.run(f"--port={port}"):
        assert_one_sentence(result, "port", f"'{port}'", status=2)
    if port:
        assert_one_sentence(working.run(PORT=port), f"'{port}'", status=2)
    assert not working.venv.exists()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_taken_port_is_named_before_any_slow_work(working, host):
    with socket.socket() as holder:
        holder.bind((host, 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        for result in working.run("--port", port), working.run(PORT=port):
            assert_one_sentence(result, f"port {port} is taken")
    assert not working.venv.exists()
    assert working.calls("pip-calls") == []


@pytest.mark.parametrize("arguments", [("serve",), ("--prot", "1"), ("--port", "8600", "more"), ("setup", "more")])
def test_unknown_argument(working, arguments):
    assert_one_sentence(working.run(*arguments), "unknown argument", "--help", status=2)
    assert not working.venv.exists()


def test_port_without_its_number(working):
    assert_one_sentence(working.run("--port"), "--port needs a number", status=2)


def test_help_needs_nothing(machine):
    result = machine.run("--help")
    assert result.returncode == 0
    assert "./run.sh test" in result.stdout


def test_failed_install_leaves_a_log_and_no_stamp_and_is_finished_later(working):
    working.pip_fails(NO_PACKAGE)
    assert_one_sentence(working.run("setup"), NO_PACKAGE, "setup.log")
    assert NO_PACKAGE in (working.venv / "setup.log").read_text()
    assert not list(working.venv.glob("*.stamp*"))

    working.pip_works()
    kept = working.venv / "kept"
    kept.touch()
    assert working.run("setup").returncode == 0
    assert kept.exists()  # the install was finished, not begun again
    assert len(working.calls("pip-calls")) == 2


def test_no_network(working):
    working.pip_fails(NO_NETWORK)
    assert_one_sentence(working.run("setup"), "no network", "setup.log")


def test_second_start_installs_nothing_and_serves(working, free_port):
    for _ in range(2):
        result = working.run("--port", free_port)
        assert result.returncode == 0, result.stderr
    assert len(working.calls("pip-calls")) == 1
    first, second = working.calls("served")
    assert first == second
    assert f"-m explorer --server.address 127.0.0.1 --server.port {free_port}" in second
    assert result.stderr == ""


def test_changed_requirements_are_installed(working):
    working.run("setup")
    working.require("pytest", "numpy")
    assert working.run("setup").returncode == 0
    assert len(working.calls("pip-calls")) == 2


def test_standard_output_is_left_to_the_command(working):
    package = working.tree / "lpvae"
    package.mkdir()
    (package / "__main__.py").write_text("import sys; print(sys.argv[1:])")
    assert working.run("lpvae", "info", "two words").stdout == "['info', 'two words']\n"


def dangling(venv):
    (venv / "bin" / "python").unlink()
    (venv / "bin" / "python").symlink_to("/no/such/python")


def without_python(venv):
    shutil.rmtree(venv / "bin")


def without_pip_and_stamp(venv):
    (venv / "bin" / "python").write_text('#!/bin/sh\n[ "$2" != pip ]\n')
    (venv / "requirements.txt.stamp").unlink()


def a_plain_file(venv):
    shutil.rmtree(venv)
    venv.write_text("not a folder")


@pytest.mark.parametrize("break_it", [dangling, without_python, without_pip_and_stamp, a_plain_file])
def test_broken_venv_is_made_anew(working, break_it):
    working.run("setup")
    break_it(working.venv)
    result = working.run("setup")
    assert result.returncode == 0, result.stderr
    assert "making .venv" in result.stderr
    assert len(working.calls("pip-calls")) == 2
    assert working.run("setup").stderr == ""


def test_broken_venv_that_cannot_be_mended(working):
    working.run("setup")
    dangling(working.venv)
    working.pip_fails(NO_NETWORK)
    assert_one_sentence(working.run("setup"), "no network")


def add_a_package(machine, name, text="x = 1\n"):
    """Put a package into the folder run.sh gives Python to import from, recorded as pip records one."""
    information = machine.tree / f"{name}-1.0.dist-info"
    information.mkdir()
    (machine.tree / f"{name}.py").write_text(text)
    (information / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
    (information / "RECORD").write_text(f"{name}.py,,{len(text)}\n{name}.pyc,,\n")
    (machine.tree / "requirements.txt").write_text(f"{name}==1.0\n")


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_text(""), None])
def test_missing_or_truncated_package_is_noticed(working, damage):
    add_a_package(working, "whole")
    assert working.run("setup").returncode == 0
    if damage:
        damage(working.tree / "whole.py")
    result = working.run("setup")
    if not damage:
        assert (result.returncode, result.stderr) == (0, "")
        return
    # This pip repairs nothing, so the sentence must come after the new attempt.
    assert_one_sentence(result, "even after a new install")
    assert "damaged" in result.stderr
    assert not (working.venv / "requirements.txt.stamp").exists()


def test_packages_that_do_not_load(working):
    (working.tree / "torch.py").write_text("raise ImportError('no library of that name')")
    assert_one_sentence(working.run("setup"), "do not load", "setup.log")
    assert "no library of that name" in (working.venv / "setup.log").read_text()
    assert_one_sentence(working.run("setup"), "do not load")


@pytest.fixture
def testing(working):
    shutil.copy(working.tree / "requirements.txt", working.tree / "requirements-test.txt")
    return working


def test_tests_get_the_browser_on_the_path(testing):
    testing.add_command("chromium", "exit 0")
    assert testing.run("test", "-k", "two words").returncode == 0
    assert testing.calls("tested") == [f"{testing.bin / 'chromium'} -m pytest tests -k two words"]


def test_named_browser_must_run(testing):
    testing.add_command("chromium", "exit 0")
    assert_one_sentence(testing.run("test", CHROMIUM="/no such/browser"), "CHROMIUM=/no such/browser")
    assert testing.calls("tested") == []


@pytest.mark.skipif(sys.platform == "darwin", reason="a browser in /Applications cannot be hidden from run.sh")
def test_tests_without_a_browser_fail(testing):
    testing.add_command("google-chrome", "exit 1")  # there, but does not start
    assert_one_sentence(testing.run("test"), "no Chromium", "browser.log")
    assert testing.calls("playwright-calls") == ["-m playwright install chromium"]
    assert testing.calls("tested") == []


@pytest.mark.skipif(sys.platform == "darwin", reason="a browser in /Applications cannot be hidden from run.sh")
def test_browser_comes_from_the_distribution_where_it_can(testing):
    browser = testing.bin / "chromium"
    testing.add_command("id", "echo 0")
    testing.add_command("apt-get", f"if [ \"$1\" = install ]; then cp '{shutil.which('true')}' '{browser}'; fi")
    assert testing.run("test").returncode == 0
    assert testing.calls("tested") == [f"{browser} -m pytest tests"]
    assert testing.calls("playwright-calls") == []


def test_requirements_pin_every_package():
    for name in "requirements.txt", "requirements-test.txt":
        lines = [line for line in (ROOT / name).read_text().splitlines() if line and not line.startswith("#")]
        assert lines
        for line in lines:
            package, _, pin = line.partition("==")
            assert package and pin and os.sep not in line, f"{name}: {line}"
