"""A signal ends a command wherever the command is, even inside a callback that swallows exceptions."""

import signal
import subprocess
import sys

import pytest

# the signal arrives while a finalizer runs: Python prints what a handler raises there, and goes on
SWALLOWED = """
import signal, time
from compiler.cli import signals

class Finalized:
    def __del__(self):
        signal.raise_signal({number})
        time.sleep(0)

try:
    with signals.terminable():
        thing = Finalized()
        del thing
        signal.pause()
except KeyboardInterrupt:
    raise SystemExit(130)
"""


@pytest.mark.parametrize(("number", "ended"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_inside_a_finalizer_ends_the_command(number: int, ended: int) -> None:
    script = SWALLOWED.format(number=int(number))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (ended, "", "")


def test_other_faults_of_finalizers_are_still_shown() -> None:
    script = SWALLOWED.replace("signal.raise_signal({number})", "raise ValueError('broken')").replace(
        "signal.pause()", "pass"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0
    assert "ValueError: broken" in done.stderr
