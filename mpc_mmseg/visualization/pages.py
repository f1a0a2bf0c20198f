"""Pages from this package's templates, with all text escaped.

Style, scripts and pictures are inside the page: one file to mail, read offline, print.
"""

import base64
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .pictures import Picture


def render(template: str, **values: Any) -> str:
    """Renders a page; a template's first comment lists its values."""
    return _TEMPLATES.get_template(template).render(**values)


def render_part(template: str, part: str, *values: Any) -> str:
    """Renders one macro of a template."""
    return str(getattr(_TEMPLATES.get_template(template).module, part)(*values))


def source(name: str) -> str:
    """Reads a style sheet or script from the templates' folder."""
    return _LOADER.get_source(_TEMPLATES, name)[0]


def data_url(content: bytes, kind: str) -> str:
    """A file of a media type as a data URL."""
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
# Files of this package are the only unescaped text.
_TEMPLATES.globals['source'] = lambda name: Markup(source(name))
_TEMPLATES.filters['url'] = _picture_url
# `tojson` escapes <, >, & and ', so that no name can end its script.
_TEMPLATES.policies['json.dumps_kwargs'] = {
    'allow_nan': False,
    'default': vars,  # of a dataclass
    'ensure_ascii': False,
    'separators': (',', ':'),
}
