"""Processes whose output is read as it comes, and that are ended in any case."""

import contextlib
import os
import re
import signal
import subprocess
import tempfile
import threading
import time


class Failure(Exception):
    """Something that did not come to its end."""


class Process:
    """A process whose lines are read as they come."""

    def __init__(self, command, merge=False, **options):
        self._errors = tempfile.TemporaryFile("w+")
        errors = subprocess.STDOUT if merge else self._errors
        self._process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                         stderr=errors, text=True, errors="replace",
                                         start_new_session=True, **options)
        self._lines, self._more = [], threading.Condition()
        self._ended = False
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            with self._more:
                self._lines.append(line.rstrip("\n"))
                self._more.notify_all()
        with self._more:
            self._ended = True
            self._more.notify_all()

    def _wait(self, condition, timeout):
        with self._more:
            self._more.wait_for(lambda: self._ended or condition(), timeout)
            return list(self._lines)

    def find(self, pattern):
        """What matches in its first lines: where it listens."""
        def found():
            return next(filter(None, (re.search(pattern, line) for line in self._lines)), None)
        self._wait(found, 60)
        if match := found():
            return match[1]
        raise Failure(f"does not listen: {self.errors() or self._lines[-3:]}")

    def rest(self, timeout, partner=None):
        """All lines but the one with the port, up to its end, or soon after a partner's."""
        deadline = time.monotonic() + timeout
        while not self._ended and time.monotonic() < deadline:
            if partner and partner._ended:
                deadline, partner = min(deadline, time.monotonic() + 5), None
            self._wait(lambda: False, 0.1)
        lines = self._wait(lambda: True, 0)
        return [line for line in lines if not line.startswith("listening ")]

    def until(self, count, timeout):
        """The lines about ends of connections, once there are so many."""
        def closed():
            return [line for line in self._lines if line.startswith("closed")]
        self._wait(lambda: len(closed()) >= count, timeout)
        return closed()

    def errors(self):
        self._errors.seek(0)
        return self._errors.read()[-1000:].strip()

    def terminate(self):
        """Ask it to end."""
        self._process.terminate()

    def stop(self):
        """End it, and what it has started."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, kind)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(3)
                break


@contextlib.contextmanager
def running(command, wait=True, pattern=r"listening (\d+)$", **options):
    """Run a process; yield where it listens, if that is waited for, and the process."""
    process = Process(command, **options)
    try:
        yield (process.find(pattern) if wait else None), process
    finally:
        process.stop()
