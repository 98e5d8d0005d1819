"""Which tests are slow is measured, not said.

``make measured`` runs all tests and writes those that need more than a second of a processor, in this process and in
those it starts, to ``slow_tests.txt``. What stands there carries the marker ``slow``, and ``make quick`` leaves it out.
A fixture that tests share counts for each of them: the number is what a test costs alone.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

LIST = Path(__file__).with_name("slow_tests.txt")
LIMIT = 1.0  # seconds of one processor
PROPERTY = "processor_seconds"


def listed() -> set[str]:
    """The names of the slow tests."""
    return set(LIST.read_text(encoding="utf-8").splitlines()) if LIST.exists() else set()


class Measuring:
    """Notes where the tests run what each costs, and writes the list where their reports arrive."""

    def __init__(self, old: set[str]):
        self.slow = old
        self._shared: dict[tuple[str, str], float] = {}
        self._start = self._in_shared = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self) -> Generator[None, object, object]:
        """A test begins."""
        self._start, self._in_shared = processor_seconds(), 0.0
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef) -> Generator[None, object, object]:
        """What a fixture of a file or of the session costs, once."""
        start = processor_seconds()
        value = yield
        if fixturedef.scope != "function":
            seconds = processor_seconds() - start
            self._shared[fixturedef.baseid, fixturedef.argname] = seconds
            self._in_shared += seconds
        return value

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """The last report of a test carries its cost."""
        if call.when == "teardown":
            used = [
                seconds
                for (base, name), seconds in self._shared.items()
                if item.nodeid.startswith(base) and name in getattr(item, "fixturenames", ())
            ]
            own = processor_seconds() - self._start - self._in_shared
            item.user_properties.append((PROPERTY, own + sum(used)))
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A report has arrived, from another process where there are several."""
        seconds = dict(report.user_properties).get(PROPERTY, 0.0)
        if report.when == "teardown" and seconds > LIMIT:
            self.slow.add(report.nodeid)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the list, unless this process only runs tests for another one."""
        if not hasattr(session.config, "workerinput"):
            LIST.write_text("".join(f"{name}\n" for name in sorted(self.slow)), encoding="utf-8")


def processor_seconds() -> float:
    """What this process, and the finished ones that it has started, took of the processors."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system
