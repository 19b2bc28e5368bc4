"""COMMAND_LINE.md: commands that `test_command_line_output` does not run."""

from __future__ import annotations

from config.environment import PROJECT_ROOT

from . import runner
from .command_setups import BILLING, BILLING_IS_THERE, Room


class CommandLineTests(runner.ReaderTestCase):
    page = "documentation/COMMAND_LINE.md"
    rooms = {
        "zcat march.uff.gz | python manage.py import_d0010 - --name march.uff": Room(
            words="the file of March is one of the samples",
            before="gzip <sample_data/economy_7.uff >march.uff.gz",
            says="imported as #1: 32 readings",
        ),
        "python manage.py import_d0010 -r /var/drop '/var/archive/2026-*.zip'": Room(
            words="the folders are in the copy, and have a sample each",
            before="""
            mkdir -p drop/today archive
            cp sample_data/commercial.uff drop/today
            python -m zipfile -c archive/2026-03.zip sample_data/prepayment.uff""",
            instead={"/var/": "{folder}/"},
            says="(?s)commercial.uff: imported as #2.*prepayment.uff: imported as #3",
        ),
        "python manage.py render_format_docs > documentation/D0010_FORMAT.md": Room(
            words="the page was emptied beforehand",
            before=": >documentation/D0010_FORMAT.md",
            after=f"cmp documentation/D0010_FORMAT.md"
            f" {PROJECT_ROOT}/documentation/D0010_FORMAT.md",
        ),
        'python manage.py api_token create "nightly export" --user billing'
        " --scope read > token.txt": Room(
            words=BILLING,
            before=BILLING_IS_THERE,
            after="grep -qx 'd0010_[0-9a-f]*' token.txt",
        ),
        "python manage.py api_token list": Room(
            says=r"billing  nightly export  d0010_[0-9a-f]{6}…  read   Active "
        ),
        'python manage.py api_token revoke "nightly export" --user billing': Room(
            after="python manage.py api_token list | grep Revoked"
        ),
        "python manage.py restore"
        " backups/d0010-20261124T023000000000Z.tar.gz --force": Room(
            words="it is the backup that was made",
            instead={"d0010-20261124T023000000000Z.tar.gz": "d0010-*"},
            says="(?i)restored",
        ),
    }
