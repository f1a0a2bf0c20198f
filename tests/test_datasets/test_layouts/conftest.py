from pathlib import Path

import pytest
from layout_miniatures import BUILDERS, Miniature


@pytest.fixture
def miniature(tmp_path):
    """name -> a data set of that layout below tmp_path."""

    def build(name: str) -> Miniature:
        data_set = Miniature(Path(tmp_path) / name)
        data_set.root.mkdir()
        BUILDERS[name](data_set)
        return data_set

    return build
