"""Every question of the Grafana dashboard is asked of a real PostgreSQL."""

import json
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from databases import Postgres, database
from histories import ALARMS, IDENTITIES, MEASURED, STEADY, T0, made
from neonat.gateway.envelope import stamp

FILE = Path(__file__).parents[2] / "docs" / "grafana" / "neonat.json"
OPERATIONS = Path(__file__).parents[2] / "docs" / "operations.md"
DASHBOARD = json.loads(FILE.read_text())
# What is asked about all times, and may find nothing in a ward where all is well.
QUIET = {"Numbers that are missing"}


def questions() -> list[tuple[str, str, str]]:
    """(where, format, SQL) of all that the dashboard asks."""
    found = [
        (panel["title"], target["format"], target["rawSql"])
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    ]
    found += [
        ("annotation", "table", one["target"]["rawSql"]) for one in DASHBOARD["annotations"]["list"]
    ]
    found += [
        (one["name"], "table", one["query"])
        for one in DASHBOARD["templating"]["list"]
        if one["type"] == "query"
    ]
    return found


def filled(sql: str) -> str:
    """As Grafana sends it."""
    for name, value in {
        "${__from:date:iso}": stamp(T0),
        "${__to:date:iso}": stamp(T0 + 3_600_000),
        "${gateway:sqlstring}": "'bed-1','bed-2'",
    }.items():
        sql = sql.replace(name, value)
    assert "$" not in sql, "a variable that nobody fills in"
    return sql


@pytest.fixture(scope="module")
def rows(postgres: Postgres) -> dict[str, tuple[list[str], list[tuple[Any, ...]]]]:
    """What each question finds in an hour of two incubators."""
    with database(postgres) as db:
        store = db.open()
        pool = (IDENTITIES[0], MEASURED[0], ALARMS[1], STEADY[0], STEADY[4], MEASURED[0])
        for gateway in ("bed-1", "bed-2"):
            store.write(
                [
                    made(gateway, 1, n + 1, pool[n % len(pool)], T0 + n * 60_000, n * 60_000)
                    for n in range(60)
                ]
            )
        found = {}
        rights = re.search(r"^ *(GRANT SELECT .*);$", OPERATIONS.read_text(), re.MULTILINE)
        assert rights, "docs/operations.md says what Grafana's user needs"
        with db.server.raw(db.url) as base:
            # A user who may see the views and nothing else.
            base.execute("DROP ROLE IF EXISTS grafana")
            base.execute("CREATE ROLE grafana")
            base.execute(rights[1])
            base.execute("SET ROLE grafana")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                base.execute("SELECT * FROM person")
            for where, _, sql in questions():
                cursor = base.connection.execute(filled(sql).encode())
                found[where] = ([one.name for one in cursor.description], cursor.fetchall())
        return found


@pytest.mark.parametrize(("where", "form"), [(where, form) for where, form, _ in questions()])
def test_a_question_has_an_answer(where: str, form: str, rows: dict) -> None:
    names, found = rows[where]
    assert found or where in QUIET
    if form == "time_series":
        assert names == ["time", "metric", "value"]
        assert all(at.tzinfo is not None for at, _, _ in found)


def test_the_dashboard_is_about_views_only() -> None:
    """Tables may change; views stay."""
    views = {"gateways", "alarms", "gaps", "refusals", "readings", "settings", "texts"}
    for _, _, sql in questions():
        named = re.findall(r"(?:FROM|JOIN)\s+([a-z_]+)", sql)
        assert set(named) <= {*views, "assignments", "coalesce"}, sql


def test_panels_do_not_lie_on_each_other() -> None:
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken and place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


# What Grafana documents of its classic dashboard model, of a panel and of a variable.
DOCUMENTED = {
    *("id", "uid", "title", "tags", "timezone", "editable", "graphTooltip", "panels", "time"),
    *("timepicker", "templating", "annotations", "refresh", "schemaVersion", "version", "links"),
    "description",
}
OF_A_PANEL = {
    *("id", "type", "title", "description", "datasource", "gridPos", "targets", "fieldConfig"),
    *("options", "transformations", "interval"),
}
OF_A_VARIABLE = {
    *("name", "label", "type", "query", "current", "datasource", "definition", "multi"),
    *("includeAll", "refresh", "sort", "hide", "allValue", "regex"),
}


def test_the_dashboard_has_only_keys_that_grafana_documents() -> None:
    assert set(DASHBOARD) <= DOCUMENTED and 8 <= len(DASHBOARD["uid"]) <= 40
    for panel in DASHBOARD["panels"]:
        assert set(panel) <= OF_A_PANEL, panel["title"]
        assert set(panel["gridPos"]) == {"x", "y", "w", "h"}
    assert all(set(one) <= OF_A_VARIABLE for one in DASHBOARD["templating"]["list"])
