"""Pages from the templates beside this file: all text is escaped, nothing is loaded.

Style, scripts and pictures go into the page, so that it is one file that can be mailed,
read offline and printed.
"""

import base64
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .pictures import Picture


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


def _picture_url(picture: Picture) -> str:
    is_png = picture.data.startswith(b'\x89PNG')
    return data_url(picture.data, 'image/png' if is_png else 'image/jpeg')


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
_TEMPLATES.filters['url'] = _picture_url
# `tojson` escapes <, >, & and ', so that no name can end the script it stands in.
_TEMPLATES.policies['json.dumps_kwargs'] = {
    'allow_nan': False,
    'ensure_ascii': False,
    'separators': (',', ':'),
}
