"""Query plans: how the database answers a query, by its own EXPLAIN."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from django.db import connection

type PlanNode = dict[str, Any]

_AVOIDED = ("seqscan", "bitmapscan", "sort")


class Query(NamedTuple):
    """An SQL statement and its parameters."""

    sql: str
    parameters: Any


class UnboundedQuery(AssertionError):
    """A query reads or sorts a large table whole."""


def queries_of(ask: Callable[[], Any], *, tables: Collection[str] = ()) -> list[Query]:
    """Return the queries that a call runs, those about `tables` if any are named."""
    queries: list[Query] = []

    def record(
        execute: Callable[..., Any], sql: str, parameters: Any, *others: Any
    ) -> Any:
        queries.append(Query(sql, parameters))
        return execute(sql, parameters, *others)

    with connection.execute_wrapper(record):
        ask()
    if not tables:
        return queries
    quoted = [f'"{table}"' for table in tables]
    return [query for query in queries if any(name in query.sql for name in quoted)]


def use_indexes_for_few_rows() -> None:
    """Let PostgreSQL plan the few rows of a test as it would plan ten million.

    It lasts until the end of the transaction. SQLite does not need it.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            for method in _AVOIDED:
                cursor.execute(f"SET LOCAL enable_{method} = off")


def plan_text(query: Query) -> str:
    """Return the plan of a query as EXPLAIN prints it, one step a line."""
    return "\n".join(str(row[-1]) for row in _explain("EXPLAIN", query))


def plan_tree(query: Query) -> PlanNode:
    """Return the plan of a query as a tree."""
    if connection.vendor == "postgresql":
        ((plan,),) = _explain("EXPLAIN (FORMAT json)", query)
        root: PlanNode = (json.loads(plan) if isinstance(plan, str) else plan)[0]
        return root["Plan"]
    nodes: dict[int, PlanNode] = {0: {"detail": query.sql, "inner": []}}
    for number, parent, _, detail in _explain("EXPLAIN", query):
        nodes[number] = {"detail": detail, "inner": []}
        nodes[parent]["inner"].append(nodes[number])
    return nodes[0]


def examined_rows(query: Query) -> int:
    """Return how many rows the steps of a query read, compare and discard in all.

    It runs the query, and is for PostgreSQL only.
    """
    ((plan,),) = _explain("EXPLAIN (ANALYZE, TIMING off, FORMAT json)", query)
    root: PlanNode = (json.loads(plan) if isinstance(plan, str) else plan)[0]
    return round(_examined_rows(root["Plan"]))


def _examined_rows(node: PlanNode) -> float:
    removed = sum(node[key] for key in node if key.startswith("Rows Removed by "))
    own_rows: float = (node["Actual Rows"] + removed) * node["Actual Loops"]
    return own_rows + sum(map(_examined_rows, node.get("Plans", [])))


def table_scans(plan: str) -> list[str]:
    """Return the steps of a plan that scan one of the project's tables.

    On SQLite a scan in the order of an index ends with the name of the index.
    """
    return re.findall("(?:Seq Scan on|SCAN) meter_readings.*", plan)


def sorts_rows(plan: str) -> bool:
    """Return whether a plan sorts rows that no index has in order."""
    return "Sort  (" in plan or "TEMP B-TREE" in plan


def refuse_unbounded(
    plan: PlanNode, *, tables: Collection[str], in_order_of_pk: Collection[str] = ()
) -> None:
    """Raise UnboundedQuery if one of `tables` would be read or sorted as a whole.

    SQLite reads the tables `in_order_of_pk` by their primary key without an index.
    """
    if connection.vendor == "postgresql":
        _reject_on_postgresql(plan, tuple(tables))
    else:
        _reject_on_sqlite(plan, tables, in_order_of_pk)


def _reject_on_sqlite(
    plan: PlanNode, tables: Collection[str], in_order_of_pk: Collection[str]
) -> None:
    details = [node["detail"] for node in plan["inner"]]
    is_sorted = "USE TEMP B-TREE FOR ORDER BY" in details
    for table in tables:
        # The result of a subquery has the name of its table.
        if {f"CO-ROUTINE {table}", f"MATERIALIZE {table}"} & {*details}:
            continue
        for detail in details:
            if detail == f"SCAN {table}" and table in in_order_of_pk:
                detail = f"SCAN {table} USING PRIMARY KEY"
            is_of_table = re.match(f"(SCAN|SEARCH) {table}\\b", detail)
            is_in_order = "USING" in detail and not is_sorted
            if is_of_table and not (is_in_order or "(meter_id=?" in detail):
                raise UnboundedQuery(details)
    for node in plan["inner"]:
        _reject_on_sqlite(node, tables, in_order_of_pk)


def _reject_on_postgresql(
    node: PlanNode, tables: tuple[str, ...], is_sorted: bool = False
) -> None:
    kind = node["Node Type"]
    # The name of a partition or index begins with the name of its table.
    if node.get("Relation Name", "").startswith(tables):
        is_in_order = kind in ("Index Scan", "Index Only Scan") and not is_sorted
        # A filter may pass over any number of rows before one matches.
        if not is_in_order or "Filter" in node:
            raise UnboundedQuery(json.dumps(node, indent=1))
    is_sorted = (is_sorted or kind in ("Sort", "Incremental Sort")) and kind != "Limit"
    for inner in node.get("Plans", []):
        _reject_on_postgresql(inner, tables, is_sorted)


def _explain(command: str, query: Query) -> list[tuple[Any, ...]]:
    if connection.vendor == "sqlite":
        command = "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{command} {query.sql}", query.parameters)
        return cursor.fetchall()
