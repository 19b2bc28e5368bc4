"""Hypothesis strategies for canonical flow files, which are exported as received.

Every line is as the writer writes it, in any order that the parser preserves: late 027s
and 029s, groups without children, several 032s, times that occur twice or never.
"""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, composite

from meter_readings.tests.d0010.strategies import mpans, texts, values
from meter_readings.tests.support.flow_file_builder import flow_file

# Around both clock changes: the hour that does not exist and the hour that repeats.
times = st.sampled_from(
    ["20240331005959", "20240331010000", "20240331013000", "20240331020000"]
    + ["20241027005959", "20241027010000", "20241027013000", "20241027020000"]
    + ["20240401000000", "20240401235959", "19500101000000", "19700101013000"]
)
flags = st.sampled_from(["T", "F", ""])
visit_cells = st.tuples(st.sampled_from(["01", "20", "99", ""]), st.just("") | texts(9))


@composite
def readings(draw: DrawFn) -> list[str]:
    """A 030 with up to three 032s and up to two 033s."""
    reset_at = draw(st.just("") | times)
    resets = draw(st.sampled_from(["0", "1", "999", ""]))
    cells = [draw(texts(2)), draw(times), f"{draw(values):.1f}", reset_at, resets]
    lines = [line("030", *cells, draw(flags), draw(st.sampled_from(["N", "P", ""])))]
    results = st.tuples(st.sampled_from(["01", "27", ""]), flags)
    lines += [line("032", *cells) for cells in draw(st.lists(results, max_size=3))]
    return lines + [
        line("033", *cells) for cells in draw(st.lists(visit_cells, max_size=2))
    ]


@composite
def meters(draw: DrawFn) -> list[str]:
    """A 028 with readings and visits among them, or without children."""
    meter = line("028", draw(texts(10)), draw(st.sampled_from(["R", "S", "W", ""])))
    visits = st.tuples(st.sampled_from(["027", "029"]), visit_cells).map(
        lambda visit: [line(visit[0], *visit[1])]
    )
    return [meter, *sum(draw(st.lists(readings() | visits, max_size=4)), [])]


@composite
def groups(draw: DrawFn) -> list[str]:
    """A 026 with meters and visits, or without children."""
    mpan = draw(mpans)
    visits = draw(st.lists(visit_cells, max_size=2))
    return [
        line("026", *mpan),
        *[line("027", *cells) for cells in visits],
        *sum(draw(st.lists(meters(), max_size=3)), []),
    ]


@composite
def flow_files(draw: DrawFn) -> str:
    """The text of a whole file, with either line end, its last line ended or not."""
    lines = sum(draw(st.lists(groups(), min_size=1, max_size=3)), [])
    line_ending = draw(st.sampled_from(["\n", "\r\n"]))
    text = flow_file(lines, trailer=draw(st.booleans()), line_ending=line_ending)
    return text if draw(st.booleans()) else text.removesuffix(line_ending)


def line(group: str, *cells: str) -> str:
    return "|".join((group, *cells, ""))
