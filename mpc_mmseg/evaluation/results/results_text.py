"""The table that a test ends with."""

from collections.abc import Mapping
from textwrap import fill
from typing import Any


def results_table(
    datasets: Mapping[str, Mapping[str, Any]], explanations: Mapping[str, str]
) -> str:
    """Lists every score of every data set, then what the conventions do differently.

    Args:
        datasets: Data set name -> summary as of `summarize_dataset`.
        explanations: Convention name -> text.
    """
    names = [name for summary in datasets.values() for name in summary['scores']]
    width = max(map(len, names), default=5)
    lines = []
    for dataset, summary in datasets.items():
        lines += [
            '',
            f'{dataset}: {summary["n_forged"]} forged, '
            f'{summary["n_authentic"]} authentic images',
            f'  {"score":{width}}   value   95 % interval      n   exact value',
        ]
        for name, score in summary['scores'].items():
            span = ''
            if score['low'] is not None:
                span = f'{score["low"]:.4f}..{score["high"]:.4f}'
            line = f'  {name:{width}}  {score["value"]:.4f}   {span:14}  {score["n"]:5}'
            if ends := score.get('bounds'):
                line += f'   in {ends[0]:.6f}..{ends[1]:.6f}'
            lines.append(line)
    if explanations:
        lines += ['', 'Numbers of different conventions cannot be compared:']
    for name, text in explanations.items():
        lines.append(
            fill(f'{name}: {text}', 88, initial_indent='  ', subsequent_indent='    ')
        )
    return '\n'.join(lines)
