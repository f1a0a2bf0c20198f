"""Pages from the templates beside this file: all text is escaped, nothing is loaded.

Style, scripts and pictures go into the page, so that it is one file that can be mailed,
read offline and printed.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup


@dataclass(frozen=True)
class Picture:
    """A picture file, PNG or JPEG, with its caption."""

    data: bytes
    caption: str = ''

    @property
    def src(self) -> str:
        """The picture as the address of an ``img``."""
        kind = 'png' if self.data.startswith(b'\x89PNG') else 'jpeg'
        return data_url(self.data, f'image/{kind}')


@dataclass(frozen=True)
class ImageRow:
    """One image of a page.

    Attributes:
        name: Of the image.
        pictures: By column: photograph, ground truth, heat map and so on.
        note: Such as its F1.
        score: A number in 0..1 that is drawn as a bar, if there is one.
    """

    name: str
    pictures: Mapping[str, Picture]
    note: str
    score: float | None = None


def render(template: str, **values: Any) -> str:
    """Renders a page; the first comment of a template lists the values it needs."""
    return _TEMPLATES.get_template(template).render(**values)


def render_part(template: str, part: str, *values: Any) -> str:
    """Renders one macro of a template."""
    return str(getattr(_TEMPLATES.get_template(template).module, part)(*values))


def source(name: str) -> str:
    """Reads a style sheet or script that stands beside the templates."""
    return _LOADER.get_source(_TEMPLATES, name)[0]


def data_url(content: bytes, kind: str) -> str:
    """Writes a file of a media type as an address that holds it."""
    return f'data:{kind};base64,{base64.b64encode(content).decode("ascii")}'


_LOADER = PackageLoader('mpc_mmseg.visualization')
_TEMPLATES = Environment(
    loader=_LOADER,
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
# The only text that is not escaped: files of this package.
_TEMPLATES.globals['source'] = lambda name: Markup(source(name))
# `tojson` escapes <, >, & and ', so that no name can end the script it stands in.
_TEMPLATES.policies['json.dumps_kwargs'] = {
    'allow_nan': False,
    'ensure_ascii': False,
    'separators': (',', ':'),
}
