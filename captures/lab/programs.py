"""Starting and ending programs, and waiting for what they do."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager

from lab.world import INSTALLED, LAB, Trouble, written

# All that a program gets to see of the environment: a FORWARDED_ALLOW_IPS in it would change what is recorded.
ENVIRONMENT = {
    # Debian keeps haproxy and tcpdump in sbin, which is not on everybody's PATH.
    "PATH": os.environ.get("PATH", os.defpath) + ":/usr/local/sbin:/usr/sbin:/sbin",
    "NODE_PATH": str(INSTALLED / "node_modules"),
    "PYTHONDONTWRITEBYTECODE": "1",
    "LC_ALL": "C.UTF-8",
}


def require(program):
    if not shutil.which(program, path=ENVIRONMENT["PATH"]):
        raise Trouble(f"{program} is missing, or you may not run it: tests/setup installs all that the captures need")


def run(*command):
    """What a program prints that ends by itself, and whose failure would be news."""
    require(command[0])
    done = subprocess.run(command, env=ENVIRONMENT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(f"{' '.join(command)} failed:\n{done.stderr}")
    return done.stdout


@contextmanager
def running(command, ready, environment=None, output=None, farewell=signal.SIGKILL):
    """Runs a program while the block lasts, which begins when `ready(the program's words so far)`.

    A server may as well be killed at the end. It has nothing to lose, and the kernel ends its connections in good
    order, where a HAProxy that is asked to stop resets those that are idle.
    """
    require(command[0])
    with tempfile.TemporaryFile() as log:

        def words():
            return os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace")

        def is_ready():
            if program.poll() is not None:
                raise Trouble(f"{' '.join(command)} ended at once:\n{words()}")
            return ready(words())

        try:
            program = subprocess.Popen(
                command,
                cwd=LAB / "apps",
                env=ENVIRONMENT | (environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=output or log,
                stderr=log,
                # Out of reach of Ctrl-C, which is for the recorder: it ends its programs in the right order.
                start_new_session=True,
            )
        except OSError as error:
            raise Trouble(f"{command[0]} cannot be started: {error.strerror}") from None
        try:
            wait_until(is_ready, lambda: f"{' '.join(command)} is not ready:\n{words()}")
            yield
        finally:
            if program.poll() is None:
                os.killpg(program.pid, farewell)
            program.wait()


@contextmanager
def serving(command, *addresses, environment=None):
    """Runs a program that listens on these addresses while the block lasts."""
    for address in addresses:
        if accepts(address):
            raise Trouble(f"another program listens on {written(address)}: end it first")
    with running(command, lambda _: all(map(accepts, addresses)), environment):
        yield


def accepts(address):
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


def wait_until(condition, otherwise, seconds=20):
    """Waits for a condition; `otherwise()` says in words that it did not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise Trouble(f"after {seconds} s {otherwise()}")
        time.sleep(0.02)
