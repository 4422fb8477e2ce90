"""Threads that wait for a place get it in the order in which they came."""

from threading import Thread

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from intraday.connections.fair_semaphore import FairSemaphore
from tests.services import wait_until


class Crowd:
    """Threads that want a place, started one after another: each waits before the next one comes."""

    def __init__(self, semaphore: FairSemaphore, capacity: int) -> None:
        self.semaphore, self.capacity = semaphore, capacity
        self.threads: list[Thread] = []
        self.admitted: list[int] = []

    def join(self, *, seconds: float = 20.0) -> None:
        number, waiting = len(self.threads), self.semaphore.waiting

        def come() -> None:
            if self.semaphore.acquire(self.capacity, seconds=seconds):
                self.admitted.append(number)

        thread = Thread(target=come)
        self.threads.append(thread)
        thread.start()
        assert wait_until(lambda: self.semaphore.waiting > waiting or not thread.is_alive())

    def end(self) -> None:
        for thread in self.threads:
            thread.join(20)


@settings(deadline=None, phases=[Phase.explicit, Phase.generate])  # what fails waits long: do not shrink it
@given(capacity=st.integers(1, 3), steps=st.lists(st.booleans(), max_size=12))
def test_places_are_given_in_order_and_never_more_than_there_are(capacity: int, steps: list[bool]):
    semaphore = FairSemaphore()
    crowd = Crowd(semaphore, capacity)
    held = 0
    for comes in steps:
        if comes:
            crowd.join()
            held += held < capacity
        elif held:
            expected = len(crowd.admitted) + (semaphore.waiting > 0)
            held -= not semaphore.waiting
            semaphore.release(capacity)
            assert wait_until(lambda wanted=expected: len(crowd.admitted) == wanted)  # type: ignore[misc]
        assert semaphore.admitted == held
    while semaphore.waiting:
        expected = len(crowd.admitted) + 1
        semaphore.release(capacity)
        assert wait_until(lambda wanted=expected: len(crowd.admitted) == wanted)  # type: ignore[misc]
    crowd.end()
    assert crowd.admitted == list(range(len(crowd.threads)))


def test_a_thread_that_waited_in_vain_leaves_its_place_in_the_queue():
    semaphore = FairSemaphore()
    assert semaphore.acquire(seconds=0)
    assert not semaphore.acquire(seconds=0.01)
    assert (semaphore.admitted, semaphore.waiting) == (1, 0)
    semaphore.release()
    assert semaphore.acquire(seconds=0)
    assert not semaphore.acquire(0, seconds=0), "no capacity, no place"


def test_places_that_have_become_fewer_are_not_given_on():
    semaphore = FairSemaphore()
    crowd = Crowd(semaphore, 2)
    for _ in range(4):
        crowd.join()
    semaphore.release(1)
    assert (semaphore.admitted, semaphore.waiting) == (1, 2)
    semaphore.release(2)
    assert (semaphore.admitted, semaphore.waiting) == (2, 0)
    crowd.end()
    assert (crowd.admitted[:2], sorted(crowd.admitted)) == ([0, 1], [0, 1, 2, 3])
