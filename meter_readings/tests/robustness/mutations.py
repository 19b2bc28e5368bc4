"""Mutated flow files: the same number gives the same file on every machine."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import NamedTuple

from meter_readings.models import Policy
from meter_readings.tests.support.flow_file_builder import (
    EVERY_GROUP,
    flow_file,
    header_line,
    mpan_core,
)

from . import SEED


class Mutant(NamedTuple):
    """A mutated file and its import policy."""

    number: int
    data: bytes
    policy: Policy

    @property
    def filename(self) -> str:
        """Return a name that no other mutant has."""
        return f"mutant-{self.number}.uff"


_SEVERAL_METERS = f"""
026|{mpan_core(101)}|V|
027|02|Dog in the garden|
028|F75A 00802|R|
030|01|20240301000000|10203.0|||T|N|
030|02|20240301000000|4455.5|||T|N|
028|F75A 00802|C|
030|01|20240401000000|10303.0|||T|P|
028|S95105287|R|
030|S|20240301000000|78.4|||T|N|
026|{mpan_core(102)}|U|
028|S95105287|D|
030|S|20240301000000|99999999.9|||T|N|
030|S|20240301000000|12.0|||T|N|
026|{mpan_core(101)}|F|
028|F75A 00802|R|
030|01|20240301000000|10203.0|||F|N|
032|03|F|
"""

_ODD_READINGS = f"""
026|{mpan_core(103)}|V|
028|K1|W|
030|S|20240301000000|500.0|||T|N|
028|K1|R|
030|S|20240301000000|500.0|||T|N|
030|S|20240331013000|501.0|||T|N|
030|S|20231029013000|502.0|||T|N|
030|MD|20240301000000|4.25|20240229000000|1||P|
030|é|20240301000000|007|||T|N|
028|K1|Q|
030|S|20240301000000|500.5|||T|N|
032|05|T|
032|28|F|
033|27|Seal broken – see note|
028|K2|R|
026|{mpan_core(104)}||
027|09||
026|7800000000019|V|
028|12345678901234567890||
030|S|20240301000000|1.125|||T|N|
"""

_HALF_HOURLY = f"""
026|{mpan_core(105, distributor_id="12")}|V|
028|E10Z012345|A|
030|AI|20240430235959|123456.7|||T|P|
030|RI|20240430235959|0.0|||T|P|
030|MD|20240430235959|41.5|20240331235959|1|T|P|
"""


def _bases() -> list[bytes]:
    odd = flow_file(_ODD_READINGS, trailer=False).encode("cp1252")
    several = flow_file(_SEVERAL_METERS).encode("ascii")
    half_hourly = flow_file(
        _HALF_HOURLY, header=header_line(from_role="C", created_at="20240501060000")
    )
    return [
        EVERY_GROUP.encode("ascii"),
        several,
        several.replace(b"\n", b"\r\n"),
        odd,
        b"\xef\xbb\xbf" + EVERY_GROUP.encode("ascii").rstrip(b"\n"),
        half_hourly.encode("ascii"),
    ]


BASES = _bases()

# Values that have broken other parsers of numbers, times, texts and lines.
MALICIOUS = [
    b"1e999",
    b"1E-9999999",
    b"NaN",
    b"sNaN",
    b"Infinity",
    b"-0",
    b"-0.0",
    b"+1",
    b"1_000.0",
    b"0x1F",
    b".5",
    b"1.",
    b"1,5",
    b"99999999.9",
    b"100000000.0",
    b"999999999.999",
    b"999999999.9995",
    b"1000000000.0",
    b"0.0005",
    b"9" * 40,
    b"9" * 5000,
    "٠١٢٣٤٥".encode(),
    "１２".encode(),
    "²".encode("cp1252"),
    b"\x00",
    b"\x01\x02",
    b"\x1b[31m",
    b"\x7f",
    b"\x81\x8d\x8f\x90\x9d",
    b"\xa0",
    b"\x85",
    "\u2028".encode(),
    "\U0001f4a1".encode(),
    b"\xff\xfe",
    b"\r",
    b"\n",
    b"\n\n",
    b"\\.",
    b"\\N",
    b'"',
    b"'; DROP TABLE meter_readings_reading; --",
    b"%s",
    b"{}",
    b"|",
    b"||||||||",
    b"   ",
    b"\t",
    b"20240230000000",
    b"20240401240000",
    b"20240401235960",
    b"00010101000000",
    b"99991231235959",
    b"19500101000000",
    b"21991231235959",
    b"20240331010000",
    b"20231029010000",
    b"x" * 200,
    b"x" * 201,
    b"A" * 20,
    b"A" * 21,
    b"32767",
    b"32768",
    b"999",
    b"1000",
    b"2147483648",
    b"99999999999999999999",
    b"D0010001",
    b"D0149001",
    b"ZPT|",
    b"026|",
    b"028|",
    b"030|",
    b"W",
    b"V",
    b"F",
]


# Fewer than the mutants of a batch, so that some have the identity of another.
_IDENTIFIERS = 40


def mutant(number: int) -> Mutant:
    """Return the mutant of a number; there is one for every number."""
    rng = random.Random(f"{SEED}:{number}")
    identifier = b"TEST%06d" % (number % _IDENTIFIERS)
    data = rng.choice(BASES).replace(b"TEST000001", identifier)
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        data = rng.choice(ACCIDENTS)(data, rng)
    policy = rng.choice((Policy.STANDARD,) * 4 + (Policy.STRICT, Policy.PARTIAL))
    return Mutant(number, data, policy)


# Accidents


def _flip_bit(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    if changed:
        changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def _insert_byte(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at:]


def _delete_bytes(data: bytes, rng: random.Random) -> bytes:
    at, count = rng.randint(0, len(data)), rng.choice((1, 1, 2, 15))
    return data[:at] + data[at + count :]


def _truncate(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randint(0, len(data))]


def _splice(data: bytes, rng: random.Random) -> bytes:
    at = rng.randint(0, len(data))
    return data[:at] + rng.choice(MALICIOUS) + data[at:]


def _swap_lines(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    one, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return b"\n".join(lines)


def _repeat_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    lines.insert(rng.randint(0, len(lines)), rng.choice(lines))
    return b"\n".join(lines)


def _delete_line(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    del lines[rng.randrange(len(lines))]
    return b"\n".join(lines)


def _swap_fields(data: bytes, rng: random.Random) -> bytes:
    fields = data.split(b"|")
    one, other = rng.randrange(len(fields)), rng.randrange(len(fields))
    fields[one], fields[other] = fields[other], fields[one]
    return b"|".join(fields)


def _replace_field(data: bytes, rng: random.Random) -> bytes:
    fields = data.split(b"|")
    fields[rng.randrange(len(fields))] = rng.choice(MALICIOUS)
    return b"|".join(fields)


def _copy_field(data: bytes, rng: random.Random) -> bytes:
    fields = data.split(b"|")
    fields[rng.randrange(len(fields))] = rng.choice(fields)
    return b"|".join(fields)


def _cross(data: bytes, rng: random.Random) -> bytes:
    """Join the beginning of this file and the end of another."""
    other = rng.choice(BASES)
    at = rng.randint(0, len(data))
    return data[:at] + other[rng.randint(0, len(other)) :]


ACCIDENTS: list[Callable[[bytes, random.Random], bytes]] = [
    _flip_bit,
    _flip_bit,
    _insert_byte,
    _delete_bytes,
    _truncate,
    _splice,
    _swap_lines,
    _repeat_line,
    _delete_line,
    _swap_fields,
    _replace_field,
    _replace_field,
    _copy_field,
    _cross,
]
