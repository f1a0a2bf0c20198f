import json
import re

import pytest

from mpc_mmseg.visualization.pages import render
from mpc_mmseg.visualization.report_images import Column, ImageTable

COLUMNS = [Column('name', 'text'), Column('kind', 'choice'), Column('F1', 'number')]


def image_table(columns, rows):
    return render('image_table.html', table=ImageTable(columns, rows))


def data(html):
    return json.loads(re.search(r'id="image-data">(.*?)</script>', html)[1])


def test_data_holds_the_rows_and_no_name_is_markup():
    nasty = '</script><!--<b>&\u2028"'
    html = image_table(COLUMNS, [[nasty, 'forged', 0.12345678], ['b', '<i>', None]])
    assert data(html)['rows'] == [[nasty, 'forged', 0.123457], ['b', '<i>', None]]
    assert '<b>' not in html and '<!--' not in html and '<i>' not in html
    assert '<option value="&lt;i&gt;">' in html
    assert html.count('</script>') == 2


def test_a_filter_for_each_kind_of_column():
    html = image_table(COLUMNS, [['a', 'forged', 1.0]])
    assert html.count('data-filter="choice"') == 1
    assert '<option value="2">F1</option>' in html
    assert 'data-filter="range"' not in image_table(COLUMNS[:2], [['a', 'forged']])


def test_what_is_no_table():
    with pytest.raises(ValueError, match='3 columns but a row of 2'):
        image_table(COLUMNS, [['a', 'forged']])
    with pytest.raises(ValueError, match="got 'date'"):
        Column('when', 'date')
    with pytest.raises(ValueError, match='not JSON compliant'):
        image_table(COLUMNS, [['a', 'forged', float('nan')]])
