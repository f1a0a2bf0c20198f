from pathlib import Path

import pytest
from layout_miniatures import BUILDERS, Miniature


@pytest.fixture
def miniature(tmp_path):
    """name -> a data set of that layout below tmp_path."""

    def build(name: str) -> Miniature:
        made = Miniature(Path(tmp_path) / name)
        made.root.mkdir()
        BUILDERS[name](made)
        return made

    return build
