"""Where the bytes come from, and where they are kept."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import struct
import tempfile
import time
import tracemalloc
import zipfile
from pathlib import Path
from typing import BinaryIO
from unittest.mock import patch

from django.conf import settings
from django.core.files.storage import InMemoryStorage, default_storage
from django.test import SimpleTestCase, override_settings

from meter_readings.importer import UnreadableFile, flow_files
from meter_readings.importer.files import keep, receive, shown
from meter_readings.tests.flow_file_builder import EVERY_GROUP

DATA = EVERY_GROUP.encode()

# Somewhat more than any archive may unpack to if it does not shrink as files do.
TOO_MUCH = 70 << 20


class Dripping(io.RawIOBase):
    """A stream that gives a few bytes at a time, as a slow pipe may."""

    def __init__(self, data: bytes) -> None:
        self._stream = io.BytesIO(data)

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(min(size, 3))


def unpacked(data: bytes | BinaryIO, filename: str = "sent.uff") -> dict[str, bytes]:
    """Return the files in some bytes, by name."""
    stream = io.BytesIO(data) if isinstance(data, bytes) else data
    found = {}
    for name, file in flow_files(stream, filename):
        pieces = []
        while piece := file.read(1 << 16):
            pieces.append(piece)
        found[name] = b"".join(pieces)
    return found


def zipped(
    *members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED, flags: int = 0
) -> bytes:
    """Return a ZIP archive with these members, marked by these flags."""
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
    def test_plain_is_one_file_by_its_own_name(self) -> None:
        self.assertEqual(unpacked(DATA), {"sent.uff": DATA})

    def test_plain_is_read_whole_at_once_if_so_asked(self) -> None:
        [(_, file)] = flow_files(io.BytesIO(DATA), "sent.uff")
        self.assertEqual(file.read(), DATA)

    def test_plain_is_read_in_pieces_smaller_than_what_was_looked_at(self) -> None:
        [(_, file)] = flow_files(io.BytesIO(b"ZHV|"), "sent.uff")
        pieces = [file.read(1), file.read(2), file.read(3), file.read(4)]
        self.assertEqual(pieces, [b"Z", b"HV", b"|", b""])

    def test_plain_may_be_empty(self) -> None:
        self.assertEqual(unpacked(b""), {"sent.uff": b""})

    def test_plain_may_be_shorter_than_what_tells_an_archive(self) -> None:
        self.assertEqual(unpacked(b"PK"), {"sent.uff": b"PK"})

    def test_plain_may_drip(self) -> None:
        self.assertEqual(unpacked(Dripping(DATA)), {"sent.uff": DATA})

    def test_a_name_does_not_make_an_archive(self) -> None:
        self.assertEqual(unpacked(DATA, "sent.zip"), {"sent.zip": DATA})


class GzipTests(SimpleTestCase):
    def test_gzip_is_the_file_it_packs_by_the_name_without_gz(self) -> None:
        self.assertEqual(unpacked(gzip.compress(DATA), "a.uff.gz"), {"a.uff": DATA})

    def test_gzip_is_told_by_its_first_bytes(self) -> None:
        self.assertEqual(unpacked(gzip.compress(DATA), "a.uff"), {"a.uff": DATA})

    def test_gzip_may_drip(self) -> None:
        dripping = Dripping(gzip.compress(DATA))
        self.assertEqual(unpacked(dripping, "a.uff.gz"), {"a.uff": DATA})

    def test_gzip_may_be_of_several_parts(self) -> None:
        both = gzip.compress(DATA[:100]) + gzip.compress(DATA[100:])
        self.assertEqual(unpacked(both, "a.uff.gz"), {"a.uff": DATA})

    def test_gzip_is_refused_where_it_breaks_off(self) -> None:
        whole = gzip.compress(DATA)
        for length in 4, 12, len(whole) // 2, len(whole) - 1:
            with self.subTest(length), self.assertRaises(UnreadableFile):
                unpacked(whole[:length], "a.uff.gz")

    def test_gzip_is_refused_where_it_is_damaged(self) -> None:
        damaged = gzip.compress(DATA)[:-8] + bytes(8)
        message = "a.uff.gz is not a whole archive: CRC check failed"
        with self.assertRaisesMessage(UnreadableFile, message):
            unpacked(damaged, "a.uff.gz")

    def test_gzip_is_refused_as_a_bomb_in_little_memory(self) -> None:
        bomb = gzip.compress(bytes(TOO_MUCH))
        [(_, file)] = flow_files(io.BytesIO(bomb), "bomb.gz")
        with self.assertRaisesMessage(UnreadableFile, "far more than a flow file"):
            read_in_little_memory(file)

    def test_gzip_may_unpack_to_much_if_it_is_large_itself(self) -> None:
        noise = os.urandom(1 << 18)
        packed = gzip.compress(noise + bytes(TOO_MUCH))
        [(_, file)] = flow_files(io.BytesIO(packed), "large.gz")
        self.assertEqual(read_in_little_memory(file), len(noise) + TOO_MUCH)


def read_in_little_memory(file: BinaryIO) -> int:
    """Return the size of a stream, having made sure that reading it needs little."""
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
    def test_zip_is_each_of_its_members(self) -> None:
        archive = zipped(("one.uff", DATA), ("two.uff", b"2"))
        self.assertEqual(unpacked(archive), {"one.uff": DATA, "two.uff": b"2"})

    def test_members_may_be_stored_unpacked(self) -> None:
        archive = zipped(("one.uff", DATA), method=zipfile.ZIP_STORED)
        self.assertEqual(unpacked(archive), {"one.uff": DATA})

    def test_zip_may_drip(self) -> None:
        dripping = Dripping(zipped(("one.uff", DATA)))
        self.assertEqual(unpacked(dripping), {"one.uff": DATA})

    def test_folders_are_no_members(self) -> None:
        archive = zipped(("round/", b""), ("round/one.uff", DATA))
        self.assertEqual(unpacked(archive), {"one.uff": DATA})

    def test_what_a_desktop_adds_is_no_member(self) -> None:
        archive = zipped(
            ("one.uff", DATA), ("__MACOSX/one.uff", b"x"), ("round/.DS_Store", b"x")
        )
        self.assertEqual(unpacked(archive), {"one.uff": DATA})

    def test_a_member_is_known_by_its_name_without_folders(self) -> None:
        archive = zipped(("../../etc/one.uff", b"1"), ("/root/two.uff", b"2"))
        self.assertEqual(unpacked(archive), {"one.uff": b"1", "two.uff": b"2"})

    def test_zip_is_refused_with_no_member(self) -> None:
        for archive in zipped(), zipped(("round/", b"")), zipped((".hidden", b"x")):
            message = "sent.zip holds no files."
            with self.assertRaisesMessage(UnreadableFile, message):
                unpacked(archive, "sent.zip")

    def test_zip_is_refused_with_more_files_than_may_come(self) -> None:
        archive = zipped(("one.uff", DATA), ("two.uff", DATA))
        message = "sent.zip holds 2 files, and at most 1 may come."
        with self.assertRaisesMessage(UnreadableFile, message):
            next(flow_files(io.BytesIO(archive), "sent.zip", most=1))

    def test_zip_is_refused_if_it_is_a_document(self) -> None:
        for name in "[Content_Types].xml", "META-INF/manifest.xml":
            archive = zipped((name, b"<xml/>"), ("sheet.xml", b"<xml/>"))
            message = "sent.xlsx is a spreadsheet or another document."
            with self.assertRaisesMessage(UnreadableFile, message):
                unpacked(archive, "sent.xlsx")

    def test_zip_is_refused_where_it_breaks_off(self) -> None:
        archive = zipped(("one.uff", DATA))[:-30]
        with self.assertRaisesMessage(UnreadableFile, "not a whole archive"):
            unpacked(archive)

    def test_zip_is_refused_where_a_member_is_damaged(self) -> None:
        archive = bytearray(zipped(("one.uff", DATA)))
        archive[60] ^= 0xFF
        with self.assertRaisesMessage(UnreadableFile, "not a whole archive"):
            unpacked(bytes(archive))

    def test_zip_is_refused_where_a_name_cannot_be_read(self) -> None:
        archive = zipped(("caf\xe9.uff", DATA)).replace("\xe9".encode(), b"\xff\xff")
        with self.assertRaisesMessage(UnreadableFile, "not a whole archive"):
            unpacked(archive)

    def test_zip_is_refused_if_it_is_encrypted(self) -> None:
        archive = zipped(("one.uff", DATA), flags=0x01)
        message = "sent.uff is encrypted."
        with self.assertRaisesMessage(UnreadableFile, message):
            unpacked(archive)

    def test_zip_is_refused_if_it_is_a_patch(self) -> None:
        archive = zipped(("one.uff", DATA), flags=0x20)
        with self.assertRaisesMessage(UnreadableFile, "cannot be unpacked"):
            unpacked(archive)

    def test_zip_is_refused_if_packed_so_that_a_piece_could_fill_the_memory(
        self,
    ) -> None:
        for method in zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA:
            archive = zipped(("one.uff", DATA), method=method)
            with self.assertRaisesMessage(UnreadableFile, "by a method not known"):
                unpacked(archive)

    def test_zip_is_refused_as_a_bomb_in_little_memory(self) -> None:
        bomb = zipped(("one.uff", bytes(TOO_MUCH)))
        files = flow_files(io.BytesIO(bomb), "bomb.zip")
        with self.assertRaisesMessage(UnreadableFile, "far more than a flow file"):
            read_in_little_memory(next(files)[1])

    def test_zip_is_refused_as_a_bomb_that_says_it_is_large(self) -> None:
        bomb = bytearray(zipped(("one.uff", bytes(TOO_MUCH))))
        packed_size_at = bomb.find(b"PK\x01\x02") + 20
        bomb[packed_size_at : packed_size_at + 4] = struct.pack("<L", 1 << 30)
        files = flow_files(io.BytesIO(bytes(bomb)), "bomb.zip")
        with self.assertRaisesMessage(UnreadableFile, "possible zip bomb"):
            read_in_little_memory(next(files)[1])

    def test_an_archive_in_an_archive_is_a_file(self) -> None:
        inner = gzip.compress(DATA)
        self.assertEqual(unpacked(zipped(("one.gz", inner))), {"one.gz": inner})


class ShownTests(SimpleTestCase):
    def test_shown_leaves_a_printable_name_as_it_is(self) -> None:
        self.assertEqual(shown("März 2024 (1).uff"), "März 2024 (1).uff")

    def test_shown_replaces_what_no_database_or_terminal_can_take(self) -> None:
        self.assertEqual(shown("a\0b\x1b\udce9\n.uff"), "a�b���.uff")

    def test_shown_is_no_longer_than_can_be_kept(self) -> None:
        self.assertEqual(shown("x" * 300), "x" * 255)


class ReceiveTests(SimpleTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.media = Path(folder.name) / "media"
        override = override_settings(MEDIA_ROOT=str(self.media))
        override.enable()
        self.addCleanup(override.disable)
        self.incoming = self.media / "incoming"

    def test_receive_writes_the_bytes_down(self) -> None:
        with receive(io.BytesIO(DATA)) as received:
            self.assertEqual(received.path.read_bytes(), DATA)

    def test_receive_counts_the_bytes(self) -> None:
        with receive(Dripping(DATA)) as received:
            self.assertEqual(received.size, len(DATA))

    def test_hashes_the_bytes(self) -> None:
        with receive(io.BytesIO(DATA)) as received:
            self.assertEqual(received.sha256, hashlib.sha256(DATA).hexdigest())

    def test_receive_lets_nobody_else_read_them(self) -> None:
        with receive(io.BytesIO(DATA)) as received:
            self.assertEqual(stat.S_IMODE(received.path.stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE(self.incoming.stat().st_mode), 0o700)

    def test_receive_removes_them_at_the_end(self) -> None:
        with receive(io.BytesIO(DATA)):
            pass
        self.assertEqual(list(self.incoming.iterdir()), [])

    def test_receive_removes_them_where_the_stream_breaks_off(self) -> None:
        [(_, broken)] = flow_files(io.BytesIO(gzip.compress(DATA)[:-9]), "a.gz")
        with self.assertRaises(UnreadableFile), receive(broken):
            self.fail("It was read to its end.")
        self.assertEqual(list(self.incoming.iterdir()), [])

    def left_behind(self, *, hours_ago: float) -> Path:
        """Return a file that some process left in the folder so long ago."""
        self.incoming.mkdir(parents=True)
        path = self.incoming / "left"
        path.write_bytes(b"x")
        then = time.time() - hours_ago * 60 * 60
        os.utime(path, (then, then))
        return path

    def test_receive_removes_what_was_left_behind_a_day_ago(self) -> None:
        left = self.left_behind(hours_ago=24.1)
        with receive(io.BytesIO(DATA)):
            self.assertFalse(left.exists())

    def test_receive_leaves_what_may_still_be_in_use(self) -> None:
        left = self.left_behind(hours_ago=23.9)
        with receive(io.BytesIO(DATA)):
            self.assertTrue(left.exists())

    def test_receive_does_not_mind_that_another_process_was_quicker(self) -> None:
        self.incoming.mkdir(parents=True)
        gone = self.incoming / "gone"
        gone.symlink_to(self.incoming / "nowhere")
        with receive(io.BytesIO(DATA)) as received:
            self.assertTrue(received.path.exists())


class KeepTests(SimpleTestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        override = override_settings(MEDIA_ROOT=folder.name)
        override.enable()
        self.addCleanup(override.disable)

    def kept(self, data: bytes = DATA) -> str:
        """Return the storage name under which some bytes are kept."""
        with receive(io.BytesIO(data)) as received:
            return keep(received)

    def test_keep_names_the_bytes_by_their_hash(self) -> None:
        digest = hashlib.sha256(DATA).hexdigest()
        self.assertEqual(self.kept(), f"flow_files/{digest[:2]}/{digest}.uff")

    def test_keeps_the_very_bytes(self) -> None:
        with default_storage.open(self.kept()) as file:
            self.assertEqual(file.read(), DATA)

    def test_keeps_the_same_bytes_once(self) -> None:
        self.assertEqual(self.kept(), self.kept())
        files = list(Path(settings.MEDIA_ROOT).rglob("*.uff"))
        self.assertEqual(len(files), 1)

    def test_keep_lets_nobody_else_read_them(self) -> None:
        path = Path(default_storage.path(self.kept()))
        modes = [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)]
        self.assertEqual(modes, [0o600, 0o700])

    def test_keep_moves_them_instead_of_copying(self) -> None:
        with receive(io.BytesIO(DATA)) as received:
            number = received.path.stat().st_ino
            path = Path(default_storage.path(keep(received)))
        self.assertEqual(path.stat().st_ino, number)

    def test_keep_works_with_a_storage_that_cannot_move(self) -> None:
        storage = InMemoryStorage()
        with patch("meter_readings.importer.files.default_storage", storage):
            name = self.kept()
        self.assertEqual(storage.open(name).read(), DATA)
