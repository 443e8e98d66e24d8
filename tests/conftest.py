"""Fixtures that every test may use: databases of both kinds."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from databases import UNAVAILABLE, Database, Postgres, Server, Sqlite, database, unavailable

# How long an example takes says something about the machine only.
settings.register_profile("neonat", deadline=None, print_blob=True)
settings.load_profile("neonat")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests of this process; without one they are skipped."""
    try:
        server = Postgres()
    except UNAVAILABLE as error:
        pytest.skip(unavailable(error))
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Server:
    """Where databases can be made: every test that uses it runs on both kinds."""
    if request.param == "sqlite":
        return Sqlite(tmp_path)
    return request.getfixturevalue("postgres")


@pytest.fixture
def db(server: Server) -> Iterator[Database]:
    """A new database of each kind."""
    with database(server) as one:
        yield one
