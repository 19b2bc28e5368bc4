"""Sessions of PostgreSQL: their parameters, and poolers that share them."""

from __future__ import annotations

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from .db_router import REPLICA

# The lock timeout is the same as on SQLite; imports set their own. Compiling a
# statement takes a tenth of a second, longer than it runs: the planner expects far more
# rows than a LIMIT, or a look-up for each register, reads.
_PARAMETERS_SQL = "SET lock_timeout = '20s'; SET jit = off"
_REPLICA_SQL = "SET default_transaction_read_only = on"

_CONNECTIONS = 3


def set_session_parameters(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Set the parameters of a new connection, of commands too.

    PgBouncer refuses a connection that names them when it starts.
    """
    if connection.vendor == "postgresql":  # postgresql only
        with connection.cursor() as cursor:
            cursor.execute(_PARAMETERS_SQL)
            if connection.alias == REPLICA:
                cursor.execute(_REPLICA_SQL)


def is_session_shared(  # postgresql only
    connection: BaseDatabaseWrapper,
) -> bool:
    """Return whether a pooler lets connections share sessions.

    PgBouncer does so in transaction mode. Otherwise each open connection has a server
    process of its own, which is the same in each transaction. PgBouncer gives out the
    process that was used last, or, with server_round_robin, the one that was used
    first. The former is seen in different connections, the latter in reverse order.
    """
    copies = [connection.copy() for _ in range(_CONNECTIONS)]
    try:
        processes = [_server_process(copy) for copy in copies]
        later = [_server_process(copy) for copy in reversed(copies)]
    finally:
        for copy in copies:
            copy.close()
    return len(set(processes)) < _CONNECTIONS or processes != later[::-1]


def _server_process(  # postgresql only
    connection: BaseDatabaseWrapper,
) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])
