"""The text of a config, as MMEngine stores it in checkpoints, read as data."""

import ast
from collections.abc import Mapping
from typing import Any

from mpc_mmseg.plain_text import plain_text

TRUST = (
    'If you trust whoever made the file as you would trust a program of theirs, '
    '--trust-config (trust_config=True) executes its config'
)
_LONGEST, _MOST_VALUES = 2**20, 100_000


def parse_config(text: str, source: str) -> dict[str, Any]:
    """Reads the text of a config without executing it.

    Args:
        text: Assignments of numbers, texts, lists, dicts and names of earlier
            assignments, as MMEngine writes a config.
        source: The file, for errors.

    Raises:
        ValueError: If it contains anything else.
    """
    values: dict[str, Any] = {}
    sizes: dict[int, int] = {}
    if len(text) > _LONGEST:
        raise ValueError(f'the config in {source} is longer than {_LONGEST:,} letters')
    try:
        for statement in ast.parse(text).body:
            match statement:
                case ast.Expr(value=ast.Constant()):
                    continue
                case ast.Assign(targets=[ast.Name(id=name)], value=node):
                    values[name] = _value(node, values, sizes)
                case _:
                    raise ValueError(f'line {statement.lineno} is no assignment')
    except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(
            f'the config in {source} is not data and is not executed: '
            f'{plain_text(error)}. {TRUST}'
        ) from error
    return values


def _value(node: ast.expr, names: Mapping[str, Any], sizes: dict[int, int]) -> Any:
    value: Any
    match node:
        case ast.Constant(value=str() | bool() | int() | float() | None as constant):
            return constant
        case ast.UnaryOp(
            op=ast.USub(), operand=ast.Constant(value=int() | float() as number)
        ):
            return -number
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            items = [_value(each, names, sizes) for each in elements]
            value = items if isinstance(node, ast.List) else tuple(items)
        case ast.Dict(keys=[*keys], values=content) if None not in keys:
            value = {
                _value(key, {}, sizes): _value(each, names, sizes)  # type: ignore[arg-type] # no None
                for key, each in zip(keys, content)
            }
        case ast.Call(
            func=ast.Name(id='dict'), args=[] | [ast.Dict()] as first, keywords=rest
        ) if all(each.arg for each in rest):
            # MMEngine writes dict({'a.b': 1}) if a key is no name.
            value = dict(_value(first[0], names, sizes)) if first else {}
            value |= {str(each.arg): _value(each.value, names, sizes) for each in rest}
        case ast.Name(id=name) if name in names:
            return names[name]
        case _:
            raise ValueError(f'line {node.lineno}: {ast.unparse(node)[:80]}')
    # Names can repeat a value in itself: twenty lines are a million values.
    parts = value.values() if isinstance(value, dict) else value
    sizes[id(value)] = 1 + sum(sizes.get(id(part), 1) for part in parts)
    if sizes[id(value)] > _MOST_VALUES:
        raise ValueError(f'line {node.lineno}: more than {_MOST_VALUES:,} values')
    return value
