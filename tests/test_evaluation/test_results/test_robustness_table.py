from mpc_mmseg.evaluation.results.text_tables import robustness_table


def value(mean):
    return {'value': mean, 'low': mean - 0.1, 'high': mean + 0.1, 'n': 3}


def entry(name, f1, change):
    return {
        'name': name,
        'family': name.split('=')[0],
        'scores': {'d': {'F1': value(f1)}},
        'difference': {'d': {'F1': value(change)}},
    }


def test_rows_columns_and_gaps():
    settings = [entry('clean', 0.5, 0), entry('jpeg_quality=50', 0.25, -0.25)]
    settings[1]['scores']['e'] = {'IoU': value(0.5)}
    first, second = robustness_table({'settings': settings}).split('\n\n')
    head, clean, jpeg = first.splitlines()
    assert head.split('  ')[0] == 'd' and 'F1 - clean [95 %]' in head
    assert 'IoU' not in head and 'false' not in head
    assert clean.split()[1:] == ['0.500', '[0.400,', '0.600]']
    assert jpeg.endswith('-0.250 [-0.350, -0.150]')
    # Clean has no scores of the second data set.
    assert second.splitlines()[1].split() == ['clean', '-']
