"""What if a fit takes its process with it? Fits run in a process of their own, and its end is one endpoint's failure.

The process stays for the next endpoint, because a model is compiled once in each; where it dies another one follows. It
writes no file: results come back through a pipe.
"""

from __future__ import annotations

import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

_LENGTH = struct.Struct(">Q")
_MOST_SAID = 2000


class FitFailed(RuntimeError):
    """A computation of one endpoint came to no result.

    Parameters
    ----------
    reason : str
        One sentence for readers.
    details : str
        What its process said, for the log.
    """

    def __init__(self, reason: str, details: str = "") -> None:
        super().__init__(reason)
        self.reason, self.details = reason, details


class Worker:
    """A process that computes endpoints, started when first needed.

    Parameters
    ----------
    environment : dict of str to str
        Variables to set in it.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._environment = environment or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._said: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def compute(self, module: str, function: str, *arguments: Any) -> bytes:
        """What ``module.function(*arguments)`` returns.

        Raises
        ------
        FitFailed
            If it raises, or its process ends.
        """
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            _send(process.stdin, pickle.dumps((module, function, arguments)))
            succeeded, content = pickle.loads(_receive(process.stdout))
        except (EOFError, OSError, pickle.UnpicklingError):
            code, said = self._stop()
            raise FitFailed(f"the process of this fit {_ended(code)}", said) from None
        except BaseException:
            self._stop()
            raise
        if not succeeded:
            raise FitFailed(*content)
        return bytes(content)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            package = str(Path(__file__).resolve().parent.parent.parent)
            paths = [package, os.environ.get("PYTHONPATH", "")]
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in paths if p)} | self._environment
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by _stop
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-X", "faulthandler", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=environment,
            )
        return self._process

    def _stop(self) -> tuple[int, str]:
        """End the process; its exit code and the last that it said."""
        process, said = self._process, self._said
        self._process = self._said = None
        if process is None or said is None:
            return 0, ""
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):
                if pipe:
                    pipe.close()
        try:
            code = process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        with said:
            said.seek(0, os.SEEK_END)
            said.seek(max(0, said.tell() - _MOST_SAID))
            return code, said.read().decode("utf-8", "replace").strip()


def _ended(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
        return f"was ended by signal {-code}"
    return f"ended by itself with exit code {code}"


def _send(pipe: IO[bytes], content: bytes) -> None:
    pipe.write(_LENGTH.pack(len(content)) + content)
    pipe.flush()


def _receive(pipe: IO[bytes]) -> bytes:
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    content = pipe.read(count)
    if len(content) < count:
        raise EOFError
    return content


def _serve() -> None:
    """Answer requests until the builder closes the pipe or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the builder decides
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no answer
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_requests, args=(requests,), daemon=True).start()
    while True:
        _send(answers, pickle.dumps(_answer(requests.get())))


def _read_requests(requests: queue.SimpleQueue[bytes]) -> None:
    try:
        while True:
            requests.put(_receive(sys.stdin.buffer))
    except (EOFError, OSError):
        os._exit(0)  # the builder is gone: so is whoever wanted the fit that may be running


def _answer(request: bytes) -> tuple[bool, Any]:
    from importlib import import_module

    from reanalysis.engines.errors import EngineError

    try:
        module, function, arguments = pickle.loads(request)
        return True, getattr(import_module(module), function)(*arguments)
    except EngineError as error:
        return False, (str(error), "")
    except Exception as error:
        return False, (f"{type(error).__name__}: {error}", traceback.format_exc()[-_MOST_SAID:])


if __name__ == "__main__":
    _serve()
