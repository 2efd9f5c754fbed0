"""One torch thread for small operations, where many threads slow each other down; and draws looked at beside others."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import torch

S = TypeVar("S")
T = TypeVar("T")
#: Threads in which values are looked at while others are made.
_BESIDE = 2
#: Multiplications below which a step gains nothing by a second thread (it takes .97 to 1.05 times as long; at 1.4e7
#: .87), while beside a busy process a second thread loses it four fifths of its speed.
_SMALL = 1e7
#: Devices that autocast is switched on for, each by itself.
_DEVICES = ("cpu", "cuda", "mps", "xpu")
#: Threads of Python in which models are being looked at, and how many threads of torch each had before.
_before: dict[int, int] = {}
_lock = threading.Lock()


@contextmanager
def plain_torch() -> Iterator[None]:
    """Context in which torch computes as it does by itself, whatever modes the loop around it has switched on.

    `torch.autocast` would take products to half precision, and tensors made in `torch.inference_mode` take no part in
    gradients. Gradients are kept or not as before, but for those in inference mode, which has none.

    >>> with torch.autocast("cpu", dtype=torch.bfloat16), plain_torch():
    ...     (torch.ones(2, 2) @ torch.ones(2, 2)).dtype
    torch.float32
    """
    with ExitStack() as stack:
        for device in _DEVICES:
            if torch.is_autocast_enabled(device):
                stack.enter_context(torch.autocast(device, enabled=False))
        if torch.is_inference_mode_enabled():
            stack.enter_context(torch.inference_mode(False))
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Context in which torch computes on one thread, in modes of its own; all is as it was afterwards.

    For many small operations. Each of them ends when the slowest thread does, so that with one core taken by
    another program, two threads need several times as long as one: all but the first wait for their turn.
    Numbers do not depend on the threads that the user has set, either. A decorator as well. Of looks within one
    another the outermost restores; of looks that overlap in several threads of Python each does in its own, as torch
    counts its threads apart in each of them.

    >>> before = torch.get_num_threads()
    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    >>> torch.get_num_threads() == before
    True
    """
    own = threading.get_ident()
    with _lock:
        found, is_outermost = torch.get_num_threads(), own not in _before
        if is_outermost:  # a thread that is born while others look is born with their one
            _before[own] = found if found > 1 else max(_before.values(), default=1)
        torch.set_num_threads(1)
    try:
        with plain_torch():
            yield
    finally:
        with _lock:
            torch.set_num_threads(_before.pop(own) if is_outermost else found)


@contextmanager
def threads_for(work: float) -> Iterator[None]:
    """Context for steps of that many multiplications each: small ones on `one_thread`, large ones on the user's.

    >>> with threads_for(1e6):
    ...     torch.get_num_threads()
    1
    """
    with one_thread() if work < _SMALL else plain_torch():
        yield


@contextmanager
def threads_of_the_user() -> Iterator[None]:
    """Context for a user's own function that is called within `one_thread`: it has as many threads as were set before.

    >>> before = torch.get_num_threads()
    >>> with one_thread(), threads_of_the_user():
    ...     torch.get_num_threads() == before
    True
    """
    found = torch.get_num_threads()
    with _lock:
        torch.set_num_threads(_before.get(threading.get_ident(), found))
    try:
        yield
    finally:
        torch.set_num_threads(found)


def each_beside(function: Callable[[S], T], values: Iterable[S]) -> Iterator[T]:
    """The function of each value, in their order, computed in two other threads of Python while later values are made.

    For random draws of many numbers and what is done with each, and for checkpoints: torch lets go of Python's lock
    meanwhile. The caller's thread makes the values one after another, so that they are the same draws; three at most
    are kept. What is raised is raised here, in its turn. For functions that run no model, or one that draws nothing: a
    look at any other sets the random state of the process.

    >>> list(each_beside(abs, [-3, 5]))
    [3, 5]
    """
    coming: deque[Future[T]] = deque()
    grad, inference = torch.is_grad_enabled(), torch.is_inference_mode_enabled()

    def there(value: S) -> T:  # a thread has modes of its own
        with torch.inference_mode(inference), torch.set_grad_enabled(grad):
            return function(value)

    own: set[int] = set()
    threads = ThreadPoolExecutor(max_workers=_BESIDE, initializer=lambda: own.add(threading.get_ident()))
    try:
        for value in values:
            coming.append(threads.submit(there, value))
            if len(coming) > _BESIDE:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        # What is given up may be collected in any thread, one of these included, which cannot wait for itself.
        threads.shutdown(wait=threading.get_ident() not in own, cancel_futures=True)
