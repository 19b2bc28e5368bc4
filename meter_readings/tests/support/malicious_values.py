"""Malicious values that break programs, in query strings, headers, paths and bodies.

Schemathesis sends what the API's description allows; it never sends these values.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple
from urllib.parse import quote

# Values of parameters in a query string, escaped as they are sent.
VALUES = [
    *map(
        quote,
        [
            # Numbers
            "-1",
            "0",
            "1e999999999",
            "NaN",
            "-Infinity",
            "9" * 400,
            str(2**63),
            "1" + "0" * 18,
            "0x10",
            "1_000",
            "٣٤",
            # Times
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "0000-00-00",
            "2024-02-30",
            "2199-12-31",
            "1950-01-01T00:00:00+23:59",
            "2024-01-01T00:00:00+99:99",
            "2024-W01-1",
            # Texts
            "' OR 1=1 --",
            "(a+)+$",
            "%",
            "_" * 50,
            "a\0b",
            "term " * 600,
            ",".join(["2000000000015"] * 201),
            "\ud7ff\U0010ffff",
            "\u202e",
            "[]",
            '{"$gt": ""}',
            "true",
            "../../etc/passwd",
            "<svg onload=alert(1)>",
            "{{7*7}}${7*7}",
        ],
    ),
    # Neither text nor valid escapes
    "%FF%FE",
    "%C0%AF",
    "%ED%A0%80",
    "%00",
    "%",
    "%zz",
    "%u0041",
    "%0D%0ASet-Cookie:%20a=b",
    "+",
    "",
    "x" * 3000,
]

# Suffixes of parameter names
SUFFIXES = ["__regex", "__isnull", "__gte", "[]", "[$ne]", ".id", "%00"]

CURSORS = [
    "[]",
    "null",
    "[" * 200,
    '["-read_at", "NaN", "1"]',
    '["-read_at", "0001-01-01T00:00:00+14:00", "1"]',
    '["-read_at", "2024-01-01T00:00:00Z", "-1"]',
    '["-read_at", "2024-01-01T00:00:00Z", "99999999999999999999"]',
    '["-read_at", {"a": 1}, []]',
    '["line_number", "1", "1"]',
    '["mpan", "\\u0000"]',
]

READINGS, UPLOADS = "/api/v1/readings/", "/api/v1/flow-files/"
OTHER_PATHS = ("/api/", "/api/v1/", "/api/v1/schema/", "/api/v1/docs/")

METHODS = [
    *["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"],
    *["PROPFIND", "get", "X" * 15, "GET/", "G\0T"],
]
PATHS = [
    "/api/v1/../../etc/passwd",
    "/api/v1/%2e%2e/%2e%2e/etc/passwd",
    "//api//v1//readings//",
    "/api/v1/readings",
    "/api/v1/readings.json",
    "/api/v1/readings;a=b/",
    "/api/v1/readings/-1/",
    "/api/v1/readings/1.0/",
    "/api/v1/readings/0x1/",
    "/api/v1/readings/1%00/",
    "/api/v1/readings/%D9%A3/",
    "/api/v1/readings/%FF/",
    f"/api/v1/readings/{2**63}/",
    f"/api/v1/readings/{'9' * 5000}/",
    f"/api/v1/flow-files/{'9' * 5000}/readings/",
    "/api/v1/meters/1/readings/1/",
    "/api/v1/%72eadings/",
    "/api/v1/readings/%0D%0ASet-Cookie:%20a=b/",
    "/api/v2/",
    "/API/V1/",
    "*",
    "http://evil.example/api/v1/readings/",
]
HEADERS: dict[str, list[str]] = {
    "Authorization": [
        "",
        "Bearer",
        "Bearer ",
        "Bearer \xff\xfe",
        "Bearer d0010_" + "0" * 64,
        "Bearer " + "x" * 7000,
        "Bearer a b c",
        "bearer d0010_",
        "Basic",
        "Basic !!!!",
        "Basic YWxpY2U=",
        "Basic /////w==",
        "Basic OjpBOg==",
        "Basic " + "QUFB" * 1500,
        "Negotiate YII=",
        "Token 1",
        "Digest username=a",
        ", , ,",
    ],
    "Accept": [
        "text/html",
        "a/b;q=",
        "*/*;q=2",
        ";;;,,,",
        "application/json; indent=99999",
        "text/csv;q=0, */*",
        "application/json;" * 300,
        "*",
        "/",
        "\xff/\xff",
    ],
    "Content-Type": [
        "application/xml",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "application/json; charset=nonsense",
        "text/plain; charset=\xff",
        "/",
    ],
    "Cookie": [
        "sessionid=../../etc/passwd",
        "sessionid=" + "a" * 5000,
        "sessionid=\xff; csrftoken=%00",
        "=;=;;;",
        "csrftoken=" + "<" * 100,
    ],
    "Host": [
        "evil.example",
        "127.0.0.1:99999999",
        "[::1",
        "127.0.0.1, evil",
        "",
        "\xff",
    ],
    "If-None-Match": ["*", 'W/"', '"' * 500, "\xff", ",".join(['"a"'] * 1000)],
    "If-Modified-Since": ["Sun, 31 Dec 9999999 00:00:00 GMT", "0", "\xff"],
    "Range": ["bytes=0-", "bytes=-1", "bytes=9-1", "bytes=0-0,1-1", "rows=1"],
    "Origin": ["https://evil.example", "null", "\xff", "http://[", "x" * 3000],
    "Access-Control-Request-Method": ["DELETE", "\xff"],
    "X-Forwarded-For": ["1.2.3.4", "a" * 3000, "::, ,,"],
    "X-Forwarded-Proto": ["https", "https, http", "\xff"],
    "X-Forwarded-Host": ["evil.example"],
    "X-Http-Method-Override": ["DELETE"],
    "X-Request-Id": ["\x1b[31m", "x" * 3000],
    "Content-Encoding": ["gzip", "nonsense"],
    "Transfer-Encoding": ["gzip", "chunked, chunked", "identity", "nonsense"],
    "Content-Length": ["-1", "+1", "abc", "1_0", "9" * 40, "0, 0"],
    "Expect": ["100-continue", "nonsense"],
    "Accept-Language": ["\xff", "a" * 3000, "zz-" * 50],
    "X" * 300: ["1"],
    "A\0B": ["1"],
    "A_B": ["1"],
}
BODIES = [
    b"",
    b"{",
    b"null",
    b"[" * 100_000,
    b'{"mpan": "2000000000015"}' * 1000,
    b"\xff\xfe\x00",
    b"\x1f\x8b\x08\x00" + b"\x00" * 100,
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n",
    b"a=1&" * 5000,
    b"x" * (1 << 20) + b"x",
]


class Request(NamedTuple):
    """One HTTP request as it is sent, byte for byte."""

    method: str = "GET"
    target: str = READINGS
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def __str__(self) -> str:
        headers = {name[:30]: value[:60] for name, value in self.headers.items()}
        return f"{self.method} {self.target[:100]} {headers} {self.body[:40]!r}"


def malicious_queries(path: str, parameters: Iterable[str]) -> Iterator[str]:
    """Yield addresses with each malicious value in each parameter of a path."""
    for name in parameters:
        for value in VALUES:
            yield f"{path}?{name}={value}"
        for suffix in SUFFIXES:
            yield f"{path}?{name}{suffix}=1"
        yield f"{path}?{name}=1&{name}=1"
        if name == "cursor":
            for cursor in CURSORS:
                yield f"{path}?cursor={_base64(cursor)}"
    yield f"{path}?{'&'.join(f'a{number}=1' for number in range(1100))}"
    yield f"{path}?_connector=OR&_negated=1"
    yield f"{path}?&&&;;;====&=1"


def malicious_requests(credentials: Mapping[str, str]) -> Iterator[Request]:
    """Yield each malicious request, with and without the headers that sign in."""
    for signed_in in (credentials, {}):
        for target in (READINGS, *OTHER_PATHS):
            for method in METHODS:
                yield Request(method, target, headers=signed_in)
        for path in PATHS:
            yield Request(target=path, headers=signed_in)
        for value in VALUES:
            yield Request(target=f"{READINGS}?search={value}", headers=signed_in)
        for name, values in HEADERS.items():
            for value in values:
                for method in ("GET", "POST"):
                    yield Request(method, headers={**signed_in, name: value})
        for body, target in product(BODIES, (READINGS, UPLOADS)):
            for method in ("GET", "POST", "PUT", "DELETE"):
                for content_type in (
                    "application/json",
                    "multipart/form-data; boundary=x",
                ):
                    headers = {**signed_in, "Content-Type": content_type}
                    yield Request(method, target, headers, body)


def _base64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()
