"""Formulas of a normalizer, written as in Python, and as nested lists that the browser evaluates and draws (player/formulas.js).

"(z - mean) / sqrt(variance + epsilon)" is ["/", ["-", "z", "mean"], ["sqrt", ["+", "variance", "epsilon"]]].
"""

from __future__ import annotations

import ast

Tree = str | float | list  # a name, a number, or an operator or function with its operands

OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
FUNCTIONS = ("sqrt", "tanh", "exp")


def tree(formula: str) -> Tree:
    """The formula as nested lists; raises ValueError for anything but names, numbers, + - * / and FUNCTIONS."""
    return _tree(ast.parse(formula, mode="eval").body, formula)


def _tree(node: ast.expr, formula: str) -> Tree:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            return [OPERATORS[type(operator)], _tree(left, formula), _tree(right, formula)]
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in FUNCTIONS:
            return [name, _tree(argument, formula)]
    raise ValueError(f"the formula {formula!r} has a part that cannot be drawn: {ast.unparse(node)!r}")


def names(formula: str) -> list[str]:
    """The names in a formula, in their order, each once."""
    return list(dict.fromkeys(_names(tree(formula))))


def _names(part: Tree) -> list[str]:
    if isinstance(part, str):
        return [part]
    return [name for operand in part[1:] for name in _names(operand)] if isinstance(part, list) else []
