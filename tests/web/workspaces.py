"""A workspace with nothing in it but its settings, as `dunwell init --empty` lays it out, and a ledger to bring."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.start import lay_out_empty

LEDGER = """\
Customer No;Customer;Invoice;Date;Net due;Outstanding;Remark
A100;Acme Tools;R-1001;01.09.2026;01.10.2026;1.250,00;
A100;Acme Tools;R-1002;05.09.2026;05.10.2026;310,50;
B200;Birch & <i>Sons;R-1003;20.08.2026;19.09.2026;4.800,00;
C300;Cole Ltd;R-1004;01.10.2026;31.10.2026;99,90;
"""


@dataclass
class Empty:
    """Where it is. The database is a copy of one that has its tables already."""

    root: Path
    url: str

    @classmethod
    def at(cls, folder: Path, database: Path) -> Empty:
        root = folder / "house"
        lay_out_empty(root)
        shutil.copy(database, root / "dunwell.db")
        return cls(root, f"sqlite:///{root / 'dunwell.db'}")

    @property
    def settings(self) -> str:
        return (self.root / "dunwell.toml").read_text("utf-8")
