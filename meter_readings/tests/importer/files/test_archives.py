"""Tests of archives: plain, .gz and .zip streams, and broken ones."""

from __future__ import annotations

import gzip
import io
import os
import struct
import tracemalloc
import zipfile
from typing import BinaryIO
from unittest.mock import patch

from django.test import SimpleTestCase, override_settings

from meter_readings.importer import (
    StorageFull,
    UnreadableFile,
    iter_flow_files,
    sanitise_filename,
)
from meter_readings.tests.support.disk_full import limited_file_size
from meter_readings.tests.support.flow_file_builder import EVERY_GROUP

DATA = EVERY_GROUP.encode()

LIMIT_MEGABYTES = 16
TOO_MANY_BYTES = (LIMIT_MEGABYTES << 20) + 1


class SlowStream(io.RawIOBase):
    """A stream that returns at most three bytes per read, as a slow pipe may."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(min(size, 3))


def unpacked(data: bytes | BinaryIO, filename: str = "sent.uff") -> dict[str, bytes]:
    """Return the unpacked files of a stream, by name."""
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    found = {}
    for name, file, _ in iter_flow_files(stream, filename):
        pieces = []
        while piece := file.read(1 << 16):
            pieces.append(piece)
        found[name] = b"".join(pieces)
    return found


def zipped(
    *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, flags: int = 0
) -> bytes:
    """Return a ZIP archive with these members and flags."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    data = bytearray(archive.getvalue())
    start = data.find(b"PK\x01\x02")
    while start >= 0:
        data[start + 8] |= flags
        start = data.find(b"PK\x01\x02", start + 1)
    return bytes(data)


class PlainTests(SimpleTestCase):
    def test_plain_stream_is_one_file_with_its_own_name(self) -> None:
        self.assertEqual(unpacked(DATA), {"sent.uff": DATA})

    def test_plain_stream_can_be_read_at_once(self) -> None:
        [(_, file, _)] = iter_flow_files(io.BytesIO(DATA), "sent.uff")
        self.assertEqual(file.read(), DATA)

    def test_plain_stream_can_be_read_in_chunks_smaller_than_the_peeked_bytes(
        self,
    ) -> None:
        [(_, file, _)] = iter_flow_files(io.BytesIO(b"ZHV|"), "sent.uff")
        pieces = [file.read(1), file.read(2), file.read(3), file.read(4)]
        self.assertEqual(pieces, [b"Z", b"HV", b"|", b""])

    def test_plain_stream_can_be_empty(self) -> None:
        self.assertEqual(unpacked(b""), {"sent.uff": b""})

    def test_plain_stream_can_be_shorter_than_the_mark_of_an_archive(self) -> None:
        self.assertEqual(unpacked(b"PK"), {"sent.uff": b"PK"})

    def test_plain_stream_can_be_slow(self) -> None:
        self.assertEqual(unpacked(SlowStream(DATA)), {"sent.uff": DATA})

    def test_plain_stream_with_the_name_of_an_archive_is_one_file(self) -> None:
        self.assertEqual(unpacked(DATA, "sent.zip"), {"sent.zip": DATA})


class GzipTests(SimpleTestCase):
    def test_gzip_file_has_its_name_without_gz(self) -> None:
        self.assertEqual(unpacked(gzip.compress(DATA), "a.uff.gz"), {"a.uff": DATA})

    def test_gzip_file_is_recognised_by_its_first_bytes(self) -> None:
        self.assertEqual(unpacked(gzip.compress(DATA), "a.uff"), {"a.uff": DATA})

    def test_gzip_stream_can_be_slow(self) -> None:
        slow = SlowStream(gzip.compress(DATA))
        self.assertEqual(unpacked(slow, "a.uff.gz"), {"a.uff": DATA})

    def test_gzip_file_can_have_several_members(self) -> None:
        both = gzip.compress(DATA[:100]) + gzip.compress(DATA[100:])
        self.assertEqual(unpacked(both, "a.uff.gz"), {"a.uff": DATA})

    def test_truncated_gzip_file_is_unreadable(self) -> None:
        whole = gzip.compress(DATA)
        for length in 4, 12, len(whole) // 2, len(whole) - 1:
            with self.subTest(length), self.assertRaises(UnreadableFile):
                unpacked(whole[:length], "a.uff.gz")

    def test_damaged_gzip_file_is_unreadable(self) -> None:
        damaged = gzip.compress(DATA)[:-8] + bytes(8)
        message = "a.uff.gz is not a complete archive: CRC check failed"
        with self.assertRaisesMessage(UnreadableFile, message):
            unpacked(damaged, "a.uff.gz")

    @override_settings(ARCHIVE_MAX_MEGABYTES=LIMIT_MEGABYTES)
    def test_gzip_file_that_unpacks_to_more_than_the_limit_is_unreadable(self) -> None:
        for members in [TOO_MANY_BYTES], [TOO_MANY_BYTES // 2, TOO_MANY_BYTES // 2 + 1]:
            bomb = b"".join(gzip.compress(bytes(size)) for size in members)
            [(_, file, _)] = iter_flow_files(io.BytesIO(bomb), "bomb.gz")
            message = "bomb.gz unpacks to more than 16 MB (ARCHIVE_MAX_MEGABYTES)."
            with self.assertRaisesMessage(UnreadableFile, message):
                read_in_little_memory(file)

    @override_settings(ARCHIVE_MAX_MEGABYTES=LIMIT_MEGABYTES)
    def test_gzip_file_can_unpack_to_the_limit_in_little_memory(self) -> None:
        packed = gzip.compress(bytes(TOO_MANY_BYTES - 1))
        [(_, file, _)] = iter_flow_files(io.BytesIO(packed), "large.gz")
        self.assertEqual(read_in_little_memory(file), TOO_MANY_BYTES - 1)


def read_in_little_memory(file: BinaryIO) -> int:
    """Return the size of a stream; fail if reading it needs much memory."""
    size = 0
    tracemalloc.start()
    try:
        while piece := file.read(1 << 20):
            size += len(piece)
            assert tracemalloc.get_traced_memory()[1] < 8 << 20
        return size
    finally:
        tracemalloc.stop()


class ZipTests(SimpleTestCase):
    def test_zip_file_yields_each_of_its_members(self) -> None:
        archive = zipped(("one.uff", DATA), ("two.uff", b"2"))
        self.assertEqual(unpacked(archive), {"one.uff": DATA, "two.uff": b"2"})

    def test_zip_member_can_be_stored_without_compression(self) -> None:
        archive = zipped(("one.uff", DATA), method=zipfile.ZIP_STORED)
        self.assertEqual(unpacked(archive), {"one.uff": DATA})

    def test_zip_stream_can_be_slow(self) -> None:
        slow = SlowStream(zipped(("one.uff", DATA)))
        self.assertEqual(unpacked(slow), {"one.uff": DATA})

    def test_folders_in_a_zip_file_are_no_files(self) -> None:
        archive = zipped(("round/", b""), ("round/one.uff", DATA))
        self.assertEqual(unpacked(archive), {"round/one.uff": DATA})

    def test_system_files_in_a_zip_file_are_ignored(self) -> None:
        archive = zipped(
            ("one.uff", DATA), ("__MACOSX/one.uff", b"x"), ("round/.DS_Store", b"x")
        )
        self.assertEqual(unpacked(archive), {"one.uff": DATA})

    def test_zip_members_of_one_name_in_two_folders_have_different_names(self) -> None:
        archive = zipped(("may/one.uff", b"1"), ("june\\one.uff", b"2"))
        self.assertEqual(unpacked(archive), {"may/one.uff": b"1", "june/one.uff": b"2"})

    def test_name_of_a_zip_member_leads_out_of_no_folder(self) -> None:
        archive = zipped(("../../etc/one.uff", b"1"), ("/root/./two.uff", b"2"))
        self.assertEqual(unpacked(archive), {"etc/one.uff": b"1", "root/two.uff": b"2"})

    def test_zip_member_without_a_name_keeps_its_text(self) -> None:
        self.assertEqual(unpacked(zipped(("\\", b"1"))), {"\\": b"1"})

    def test_zip_file_without_members_is_unreadable(self) -> None:
        for archive in zipped(), zipped(("round/", b"")), zipped((".hidden", b"x")):
            message = "sent.zip contains no files."
            with self.assertRaisesMessage(UnreadableFile, message):
                unpacked(archive, "sent.zip")

    def test_zip_file_with_too_many_members_is_unreadable(self) -> None:
        archive = zipped(("one.uff", DATA), ("two.uff", DATA))
        message = "sent.zip contains 2 files; the limit is 1."
        with self.assertRaisesMessage(UnreadableFile, message):
            next(iter_flow_files(io.BytesIO(archive), "sent.zip", max_members=1))

    def test_zip_file_with_too_large_a_list_of_members_is_unreadable(self) -> None:
        archive = zipped(*((f"{number}.uff", b"") for number in range(200)))
        limit = "meter_readings.importer.files.archives._MAX_DIRECTORY_BYTES"
        message = "sent.zip contains too many files: the list of them is larger than"
        with patch(limit, 10_000), self.assertRaisesMessage(UnreadableFile, message):
            unpacked(archive, "sent.zip")
        with patch(limit, 11_000):
            self.assertEqual(len(unpacked(archive, "sent.zip")), 200)

    def test_office_document_is_unreadable(self) -> None:
        for name in "[Content_Types].xml", "META-INF/manifest.xml":
            archive = zipped((name, b"<xml/>"), ("sheet.xml", b"<xml/>"))
            message = "sent.xlsx is a spreadsheet or another document."
            with self.assertRaisesMessage(UnreadableFile, message):
                unpacked(archive, "sent.xlsx")

    def test_truncated_zip_file_is_unreadable(self) -> None:
        archive = zipped(("one.uff", DATA))[:-30]
        with self.assertRaisesMessage(UnreadableFile, "not a complete archive"):
            unpacked(archive)

    def test_damaged_zip_member_is_unreadable(self) -> None:
        archive = bytearray(zipped(("one.uff", DATA)))
        archive[60] ^= 0xFF
        with self.assertRaisesMessage(UnreadableFile, "not a complete archive"):
            unpacked(bytes(archive))

    def test_zip_file_with_an_undecodable_name_is_unreadable(self) -> None:
        archive = zipped(("caf\xe9.uff", DATA)).replace("\xe9".encode(), b"\xff\xff")
        with self.assertRaisesMessage(UnreadableFile, "not a complete archive"):
            unpacked(archive)

    def test_encrypted_zip_file_is_unreadable(self) -> None:
        archive = zipped(("one.uff", DATA), flags=0x01)
        message = "sent.uff is encrypted."
        with self.assertRaisesMessage(UnreadableFile, message):
            unpacked(archive)

    def test_zip_file_with_patched_data_is_unreadable(self) -> None:
        archive = zipped(("one.uff", DATA), flags=0x20)
        with self.assertRaisesMessage(UnreadableFile, "cannot be unpacked"):
            unpacked(archive)

    def test_zip_file_with_an_unsupported_compression_method_is_unreadable(
        self,
    ) -> None:
        for method in zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA:
            archive = zipped(("one.uff", DATA), method=method)
            with self.assertRaisesMessage(UnreadableFile, "unsupported compression"):
                unpacked(archive)

    @override_settings(ARCHIVE_MAX_MEGABYTES=LIMIT_MEGABYTES)
    def test_zip_file_whose_members_unpack_to_more_than_the_limit_is_unreadable(
        self,
    ) -> None:
        half = bytes(TOO_MANY_BYTES // 2 + 1)
        message = "bomb.zip unpacks to more than 16 MB (ARCHIVE_MAX_MEGABYTES)."
        for members in [half * 2], [half, half]:
            named = ((f"{number}.uff", data) for number, data in enumerate(members))
            files = iter_flow_files(io.BytesIO(zipped(*named)), "bomb.zip")
            # Before the first member: none of the files is imported.
            with self.assertRaisesMessage(UnreadableFile, message):
                next(files)

    def test_zip_member_is_read_to_its_stated_size_only(self) -> None:
        bomb = bytearray(zipped(("one.uff", bytes(TOO_MANY_BYTES))))
        size_at = bomb.find(b"PK\x01\x02") + 24
        bomb[size_at : size_at + 4] = struct.pack("<L", 100)
        with self.assertRaisesMessage(UnreadableFile, "Bad CRC-32"):
            unpacked(bytes(bomb), "bomb.zip")

    def test_zip_file_needs_no_directory_for_temporary_files(self) -> None:
        archive = zipped(("one.uff", DATA))
        with patch("tempfile.tempdir", "/dev/null"):
            self.assertEqual(unpacked(archive), {"one.uff": DATA})

    def test_full_disk_is_reported_for_an_archive(self) -> None:
        archive = zipped(("one.uff", os.urandom(1 << 20)))
        message = "There is no free space for an archive to be unpacked."
        with self.assertRaisesMessage(StorageFull, message), limited_file_size(1 << 16):
            unpacked(archive)

    @override_settings(IS_PRODUCTION=True, MIN_FREE_DISK_MB=1_000_000)
    def test_archive_is_refused_below_the_minimum_free_space(self) -> None:
        with self.assertRaisesMessage(StorageFull, "MB are free for files."):
            unpacked(zipped(("one.uff", DATA)))

    def test_zip_bomb_with_a_false_size_is_unreadable(self) -> None:
        bomb = bytearray(zipped(("one.uff", bytes(TOO_MANY_BYTES))))
        packed_size_at = bomb.find(b"PK\x01\x02") + 20
        bomb[packed_size_at : packed_size_at + 4] = struct.pack("<L", 1 << 30)
        files = iter_flow_files(io.BytesIO(bytes(bomb)), "bomb.zip")
        with self.assertRaisesMessage(UnreadableFile, "possible zip bomb"):
            read_in_little_memory(next(files)[1])

    def test_archive_in_an_archive_is_yielded_as_a_file(self) -> None:
        inner = gzip.compress(DATA)
        self.assertEqual(unpacked(zipped(("one.gz", inner))), {"one.gz": inner})


class SanitiseFilenameTests(SimpleTestCase):
    def test_sanitise_filename_keeps_a_printable_name(self) -> None:
        self.assertEqual(sanitise_filename("März 2024 (1).uff"), "März 2024 (1).uff")

    def test_sanitise_filename_replaces_unprintable_characters(self) -> None:
        self.assertEqual(sanitise_filename("a\0b\x1b\udce9\n.uff"), "a�b���.uff")

    def test_sanitise_filename_shortens_a_name_to_its_column(self) -> None:
        self.assertEqual(sanitise_filename("x" * 300), "x" * 255)
