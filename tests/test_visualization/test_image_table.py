import json
import re

import pytest

from mpc_mmseg.visualization.image_table import Column
from mpc_mmseg.visualization.pages import render

KINDS = {'name': 'text', 'kind': 'choice', 'F1': 'number'}


def image_table(*columns):
    own = [Column(name, kind, v) for (name, kind), v in zip(KINDS.items(), columns)]
    return render('image_table.html', columns=own)


def data(html):
    return json.loads(re.search(r'id="image-data">(.*?)</script>', html)[1])


def test_data_holds_the_rows_and_no_name_is_markup():
    nasty = '</script><!--<b>&\u2028"'
    html = image_table([nasty, 'b'], ['forged', '<i>'], [0.125, None])
    values = [column['values'] for column in data(html)]
    assert values == [[nasty, 'b'], ['forged', '<i>'], [0.125, None]]
    assert '<b>' not in html and '<!--' not in html and '<i>' not in html
    assert '<option value="&lt;i&gt;">' in html
    assert html.count('</script>') == 2


def test_a_filter_for_each_kind_of_column():
    html = image_table(['a'], ['forged'], [1.0])
    assert html.count('data-filter="choice"') == 1
    assert '<option value="2">F1</option>' in html
    assert 'data-filter="range"' not in image_table(['a'], ['forged'])


def test_what_is_no_number():
    with pytest.raises(ValueError, match='not JSON compliant'):
        image_table(['a'], ['forged'], [float('nan')])
