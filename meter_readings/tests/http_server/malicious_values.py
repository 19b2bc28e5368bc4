"""Requests that are odd in other ways than by what they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

READINGS, UPLOADS = "/api/v1/readings/", "/api/v1/flow-files/"
LATER_ADDRESSES = ("/api/", "/api/v1/", "/api/v1/schema/", "/api/v1/docs/")

_METHODS = [
    *["HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT"],
    *["PROPFIND", "get", "X" * 15, "GET/", "G\0T"],
]
_PATHS = [
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
_HEADERS: dict[str, list[str]] = {
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
_BODIES = [
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
    """One request as it goes out. Headers may stand twice, as what is said first."""

    method: str = "GET"
    target: str = READINGS
    headers: Mapping[str, str] = {}
    body: bytes = b""

    def __str__(self) -> str:
        headers = {name[:30]: value[:60] for name, value in self.headers.items()}
        return f"{self.method} {self.target[:100]} {headers} {self.body[:40]!r}"


def odd_requests(known: Mapping[str, str]) -> Iterator[Request]:
    """Yield each, with and without the headers that make somebody known."""
    for by in (known, {}):
        for target in (READINGS, *LATER_ADDRESSES):
            for method in _METHODS:
                yield Request(method, target, headers=by)
        for path in _PATHS:
            yield Request(target=path, headers=by)
        for name, values in _HEADERS.items():
            for value in values:
                for method in ("GET", "POST"):
                    yield Request(method, headers={**by, name: value})
        for body, target in product(_BODIES, (READINGS, UPLOADS)):
            for method in ("GET", "POST", "PUT", "DELETE"):
                for content_type in (
                    "application/json",
                    "multipart/form-data; boundary=x",
                ):
                    headers = {**by, "Content-Type": content_type}
                    yield Request(method, target, headers, body)
