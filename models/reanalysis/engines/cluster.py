"""A running Dask scheduler as the executor of batches."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from threading import Thread
from typing import Any

from reanalysis.evidence.problems import BadChoice, InvalidInput

_WAIT = "20s"
"""How long a scheduler is given to answer, and to have a worker."""

_ADDRESS = re.compile(r"^(tcp|tls|ucx|ws|wss)://\S+:\d+$")


def bad_cluster(address: str | None) -> Iterator[BadChoice]:
    """What is wrong with the address of a scheduler, where one is given."""
    if address is not None and not _ADDRESS.match(address):
        yield BadChoice("cluster", f" {address!r}: must be the address of a Dask scheduler, such as tcp://host:8786")


@contextmanager
def cluster(address: str) -> Iterator[Executor]:
    """An executor whose work is done by the workers of a scheduler; batches of a lost worker are done by another.

    Parameters
    ----------
    address : str
        As the scheduler prints it, ``tcp://host:8786``. Its workers need this package in the same version.

    Raises
    ------
    InvalidInput
        If the extra ``cluster`` is not installed, the address is none, or no scheduler with a worker answers.
    """
    wrong = list(bad_cluster(address))
    if wrong:
        raise InvalidInput(wrong)
    try:
        from distributed import Client
        from tornado.ioloop import IOLoop
    except ImportError:
        raise InvalidInput(
            [BadChoice("cluster", ": needs the extra cluster: pip install 'reanalysis[cluster]'")]
        ) from None
    client: Any = None
    with _running(IOLoop.current) as loop:
        try:
            try:
                client = Client(address, timeout=_WAIT, set_as_default=False, loop=loop)
                client.wait_for_workers(1, timeout=_WAIT)
            except (OSError, TimeoutError):
                what = "no scheduler answers" if client is None else "its scheduler has no worker"
                raise InvalidInput([BadChoice("cluster", f" {address}: {what}")]) from None
            yield client.get_executor(pure=False)
        finally:
            if client is not None:
                client.close()


@contextmanager
def _running[Loop](current: Callable[[], Loop]) -> Iterator[Loop]:
    """An event loop in a thread that ends here: a client that reaches no scheduler would leave its own running."""
    started: Future[tuple[Loop, asyncio.AbstractEventLoop, asyncio.Event]] = Future()

    async def run() -> None:
        ended = asyncio.Event()
        started.set_result((current(), asyncio.get_running_loop(), ended))
        await ended.wait()

    thread = Thread(target=lambda: asyncio.run(run()), name="cluster loop", daemon=True)
    thread.start()
    loop, own, ended = started.result()
    try:
        yield loop
    finally:
        own.call_soon_threadsafe(ended.set)
        thread.join()
