"""An iterator that is worked through in a thread of its own, a few items ahead of its consumer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import Full, Queue
from typing import TypeVar

T = TypeVar("T")


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def ahead(items: Iterator[T], n: int) -> Iterator[T]:
    """Yield the items, with up to `n` of them made before they are asked for.

    An error in the producer is raised here, after the items before it. If the consumer stops early, so does the
    producer.
    """
    queue: Queue[T | _End] = Queue(maxsize=n)
    stopped = threading.Event()

    def put(item: T | _End) -> bool:
        while not stopped.is_set():
            try:
                queue.put(item, timeout=0.1)
            except Full:
                continue
            return True
        return False

    def work() -> None:
        error: BaseException | None = None
        try:
            for item in items:
                if not put(item):
                    return
        except BaseException as raised:  # handed over, not swallowed
            error = raised
        put(_End(error))

    thread = threading.Thread(target=work, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            item = queue.get()
            if isinstance(item, _End):
                if item.error is not None:
                    raise item.error
                return
            yield item
    finally:
        stopped.set()
        thread.join()
