"""The store of sweeps: one SQLite file, a row for each finished cell.

The file keeps SQLite's rollback journal, not a write-ahead log: rows are few, so nothing is lost in speed, and what is
finished lies in one file that can be copied. A process killed in the middle of a write leaves a journal beside it, from
which the next one to open the store restores the state before.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sirenvae.errors import InputError
from sirenvae.graphs import BayesianNetwork, network_to_json

CODE_VERSION = "4"  # Of the code that computes cells: raise it when the same config would give other numbers.

_APPLICATION_ID = int.from_bytes(b"SVAE", "big")  # Written in the header: the file is a store of ours.
_FORMAT = 1  # Of the table below, in the header too.
_TABLE = """
    CREATE TABLE cells (
        key TEXT NOT NULL, version TEXT NOT NULL, experiment TEXT NOT NULL, config TEXT NOT NULL, result TEXT NOT NULL,
        seconds REAL NOT NULL, finished TEXT NOT NULL, command TEXT NOT NULL, PRIMARY KEY (key, version)
    )"""
_SECONDS_TO_WAIT = 30.0  # For another process that is writing.
_AS_IT_WAS = "it was left as it is, so name another file or bring back a copy"
_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full; what was stored before is intact, so make room and start again",
    sqlite3.SQLITE_IOERR: "the disk cannot be read or written; what was stored before is intact",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_BUSY: f"another program has held it for {_SECONDS_TO_WAIT:.0f} s",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; its folder must be there and writable",
    sqlite3.SQLITE_NOTADB: f"it is not a SQLite file; {_AS_IT_WAS}",
    sqlite3.SQLITE_CORRUPT: f"it is damaged; {_AS_IT_WAS}",
}


class StoreError(InputError):
    """A store cannot be read or written; what it held is as it was."""


@dataclass(frozen=True)
class Row:
    """One finished cell.

    Attributes:
        key: Of :func:`key_of`.
        version: Of the code that computed it.
        experiment: The experiment's name.
        config, result: Plain dicts.
        seconds: How long the cell took.
        finished: When, UTC, ISO 8601.
        command: The command line that made it.
    """

    key: str
    version: str
    experiment: str
    config: dict
    result: dict
    seconds: float
    finished: str
    command: str


def key_of(experiment: str, config: dict) -> str:
    """What a cell is known by: the SHA-256 of its experiment and config, whatever the order of the config's names.

    Raises:
        InputError: If the config is not plain JSON (a NaN is not).

    >>> key_of("demo", {"size": 7, "model": "true"}) == key_of("demo", {"model": "true", "size": 7})
    True
    """
    try:
        text = json.dumps([experiment, config], sort_keys=True, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"The config of a cell of {experiment} cannot be written as JSON: {error}.") from error
    return hashlib.sha256(text.encode()).hexdigest()


def network_config(network: BayesianNetwork) -> dict[str, str]:
    """A network in the config of a cell: its name, and a digest of its variables, edges and conditionals.

    >>> from sirenvae.graphs import load_network
    >>> network_config(load_network("student"))["name"]
    'student'
    """
    return {"name": network.name, "digest": hashlib.sha256(network_to_json(network).encode()).hexdigest()[:16]}


class Store:
    """Finished cells in a file; made when it is not there.

    Several processes may write to one store: each row is its own transaction, a writer waits for the other, and of two
    that finished the same cell the first is kept. An instance belongs to the thread that made it.

    Arguments:
        path: The file.
        version: Of the code that computes cells; rows of another version are kept, counted and not used.
        writable: Make the file where it is missing, and find out now whether rows can be written. Without it the file
            must be there and nothing is written.

    Raises:
        StoreError: If the file is not a store, is damaged, was written in another format, or cannot be opened. It is
            left as it was.
    """

    def __init__(self, path: str | Path, *, version: str = CODE_VERSION, writable: bool = True):
        self.path, self.version = Path(path), version
        if not writable and not self.path.is_file():
            raise StoreError(f"There is no store {self.path}.")
        self._connection = self._open("rwc" if writable else "rw")
        try:
            with self._explained():
                self._check(writable)
                if writable:
                    self._make()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def get(self, key: str) -> dict | None:
        """The result of a finished cell, ``None`` if it is not finished.

        Raises:
            StoreError: If the store cannot be read.
        """
        with self._explained():
            query = "SELECT result FROM cells WHERE key = ? AND version = ?"
            row = self._connection.execute(query, (key, self.version)).fetchone()
            return row and self._parsed(row[0])

    def put(self, key: str, experiment: str, config: dict, result: dict, seconds: float) -> dict:
        """Store a finished cell; a row that is there already stays.

        Arguments:
            key: Of :func:`key_of`.
            experiment: The experiment's name.
            config, result: What can be written as JSON. A result may hold NaN.
            seconds: How long the cell took.

        Returns:
            The result as :meth:`get` gives it from now on: tuples are lists.

        Raises:
            StoreError: If it cannot be written, above all because the disk is full; the rows before are intact.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        texts = json.dumps(config), json.dumps(result)
        values = (key, self.version, experiment, *texts, seconds, now, shlex.join(sys.orig_argv))
        with self._explained(), self._transaction():
            self._connection.execute("INSERT INTO cells VALUES (?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING", values)
        return self.get(key)

    def rows(self, experiment: str | None = None) -> list[Row]:
        """The finished cells of this version of the code, in the order in which they were finished.

        Raises:
            StoreError: If the store cannot be read.
        """
        query = "SELECT * FROM cells WHERE version = ? AND experiment = ifnull(?, experiment) ORDER BY rowid"
        with self._explained():
            found = self._connection.execute(query, (self.version, experiment)).fetchall()
            return [Row(*row[:3], self._parsed(row[3]), self._parsed(row[4]), *row[5:]) for row in found]

    def num_outdated(self, experiment: str | None = None) -> int:
        """How many rows another version of the code computed; they are not used.

        Raises:
            StoreError: If the store cannot be read.
        """
        query = "SELECT count(*) FROM cells WHERE version != ? AND experiment = ifnull(?, experiment)"
        with self._explained():
            return self._connection.execute(query, (self.version, experiment)).fetchone()[0]

    def _open(self, mode: str) -> sqlite3.Connection:
        # Never mode=ro: it cannot read a file whose last writer was killed. On a read-only file rw only reads.
        with self._explained():
            if mode == "rwc":
                self._make_folder()
            address = f"{self.path.absolute().as_uri()}?mode={mode}"
            return sqlite3.connect(address, uri=True, timeout=_SECONDS_TO_WAIT, isolation_level=None)

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"The folder {self.path.parent} cannot be made: {error.strerror}.") from error

    def _check(self, writable: bool) -> None:
        """Read the header and every page; write nothing."""
        if not self._pragma("page_count"):
            if not writable:
                raise StoreError(f"The store {self.path} is empty.")
            return
        application, version = self._pragma("application_id"), self._pragma("user_version")
        if application != _APPLICATION_ID:
            raise StoreError(f"The file {self.path} is a SQLite file but not a store of sweeps; {_AS_IT_WAS}.")
        if version != _FORMAT:
            raise StoreError(
                f"The store {self.path} was written in format {version} by another version of sirenvae, and this one "
                f"reads format {_FORMAT}; {_AS_IT_WAS}."
            )
        if self._pragma("quick_check") != "ok":
            raise StoreError(f"The store {self.path} cannot be used: {_REASONS[sqlite3.SQLITE_CORRUPT]}.")

    def _make(self) -> None:
        """Make the table where there is none. Writing the format again shows now, not hours later, if rows can be."""
        with self._transaction():
            if self._pragma("application_id") != _APPLICATION_ID:
                self._connection.execute(_TABLE)
                self._connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
            self._connection.execute(f"PRAGMA user_version = {_FORMAT}")

    def _pragma(self, name: str):
        return self._connection.execute(f"PRAGMA {name}").fetchone()[0]

    def _parsed(self, text: str) -> dict:
        try:
            return json.loads(text)
        except ValueError as error:
            raise StoreError(f"The store {self.path} cannot be used: {_REASONS[sqlite3.SQLITE_CORRUPT]}.") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what SQLite says into a sentence."""
        try:
            yield
        except sqlite3.Error as error:
            reason = _REASONS.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, str(error))
            raise StoreError(f"The store {self.path} cannot be used: {reason}.") from error
