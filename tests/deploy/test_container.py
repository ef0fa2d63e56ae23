"""The Containerfile, as far as it goes without a container engine: none was at hand."""

from __future__ import annotations

import re
import signal
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from containerfile import INSTALLED, build, copied, environment, only, stages

from partnerhook import __version__
from postgres import free_port
from running import BIN, SECRET, VERIFY_TOKEN, Client, post_bytes, wait_until, webhook

ROOT = Path(__file__).parents[2]
FILE = ROOT / "deploy/Containerfile"
BUILD, IMAGE = stages(FILE)
PINNED = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)( ; )?", re.MULTILINE)


def test_all_that_is_copied_is_there():
    """And nothing else is even sent to the engine."""
    ignoring = FILE.with_name("Containerfile.dockerignore").read_text().splitlines()
    allowed = [line.removeprefix("!") for line in ignoring if line.startswith("!")]

    assert sorted(copied(BUILD)) == sorted(allowed)
    assert all((ROOT / source).exists() for source in allowed)
    assert copied(IMAGE) == []


def test_it_installs_what_was_tested():
    """Every locked package is the one that these tests run with; extras among them."""
    locked = {name: pinned for name, pinned, condition in PINNED.findall((ROOT / "requirements/all.txt").read_text())}
    assert {"psycopg", "nats-py", "confluent-kafka", "redis", "aio-pika", "apprise"} <= locked.keys()

    found = {name: installed(name) for name in locked}

    assert {name for name, here in found.items() if here not in {locked[name], None}} == set()
    assert len([here for here in found.values() if here]) > 50


def installed(name: str) -> str | None:
    """Its version here; none where it is for other platforms."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def test_nobody_is_root_and_no_secret_is_in_it():
    """A numeric user: what starts it can see that it is not root."""
    user = only(IMAGE, "USER").rest.partition(":")[0]
    variables = environment(IMAGE)

    assert int(user) > 0
    assert f"--owner={user}" in only(IMAGE, "RUN").rest
    assert not [name for name in variables if re.search("SECRET|TOKEN|KEY", name)]
    assert variables["PARTNERHOOK_ADMIN_LISTEN"].startswith("127.")


def test_it_serves_and_is_healthy(tmp_path: Path):
    """ENTRYPOINT, CMD and ENV as they stand, with what is installed here."""
    serves(BIN.parent, tmp_path)


@pytest.mark.soak
def test_as_it_would_be_built(tmp_path: Path):
    """From the copied files alone: hashed packages, our own, no builder left; then it serves."""
    place = build(BUILD, ROOT, tmp_path / "build")

    told = subprocess.run([place / "bin/partnerhook", "version"], capture_output=True, text=True, check=True).stdout
    assert __version__ in told
    assert not list(place.glob("lib/python*/site-packages/flit_core"))
    serves(place / "bin", tmp_path)


def serves(programs: Path, folder: Path) -> None:
    """A webhook is answered 200 and is in the volume's file; HEALTHCHECK follows it up and down."""
    volume, port, admin = folder / "volume", free_port(), free_port()
    volume.mkdir()
    variables = {
        name: value.replace(INSTALLED, str(programs.parent)).replace("/var/lib/partnerhook", str(volume))
        for name, value in environment(IMAGE).items()
    }
    ours = {
        "PARTNERHOOK_LISTEN": f"127.0.0.1:{port}",
        "PARTNERHOOK_ADMIN_LISTEN": f"127.0.0.1:{admin}",
        "PARTNERHOOK_APP_SECRET": SECRET,
        "PARTNERHOOK_VERIFY_TOKEN": VERIFY_TOKEN,
        "PATH": f"{programs}:/usr/bin:/bin",
    }
    command = [*only(IMAGE, "ENTRYPOINT").command(), *only(IMAGE, "CMD").command()]
    program, *arguments = command
    process = subprocess.Popen([programs / program, *arguments], env=variables | ours, cwd=volume)
    try:
        wait_until(lambda: healthy(programs, variables | ours), "healthy", within_s=60)
        with Client(f"http://127.0.0.1:{port}") as client:
            assert client.send(post_bytes(webhook())).answer().status == 200
        process.send_signal(signal.Signals[only(IMAGE, "STOPSIGNAL").rest])
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert (volume / "partnerhook.db").stat().st_size > 0
    assert not healthy(programs, variables | ours)


def healthy(programs: Path, variables: dict[str, str]) -> bool:
    """What HEALTHCHECK says."""
    python, *arguments = only(IMAGE, "HEALTHCHECK").command()
    assert python == "python"
    done = subprocess.run([programs / python, *arguments], env=variables, capture_output=True, check=False)
    return done.returncode == 0
