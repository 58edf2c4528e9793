"""Viper functions on CPython as on the chip: 32 bits, and a fault for each access out of bounds.

The chip does not check them: a write beyond a buffer corrupts its heap.
"""

import ast
import inspect

_TYPES = {"ptr8": "B", "ptr16": "H", "ptr32": "i"}


class Fault(AssertionError):
    """The chip would access other memory, or have another result than Python."""


class Pointer:
    """A buffer whose items are those that a pointer of viper reads and writes."""

    def __init__(self, buffer, kind):
        self._items = memoryview(buffer).cast("B").cast(kind)
        self._is_signed = kind == "i"
        self._bits = 8 * self._items.itemsize

    def _check(self, at):
        if not 0 <= at < len(self._items):
            raise Fault(f"item {at} of {len(self._items)}")

    def __getitem__(self, at):
        self._check(at)
        return self._items[at]

    def __setitem__(self, at, value):
        self._check(at)
        if not self._is_signed and not 0 <= value < 1 << self._bits:
            raise Fault(f"{value} in {self._bits} bits")
        self._items[at] = value


def int32(value):
    """Return the result of an operation."""
    if value != _wrapped(value):
        raise Fault(f"{value} in 32 bits")
    return value


def shift32(value, bits, is_left):
    """Return a shifted value; to the left, it may lose bits."""
    if not 0 <= bits < 32:
        raise Fault(f"a shift by {bits} bits")
    return _wrapped(value << bits) if is_left else value >> bits


def _wrapped(value):
    return (value + (1 << 31)) % (1 << 32) - (1 << 31)


class _Checks(ast.NodeTransformer):
    """Passes the result of each operation to `int32` or `shift32`."""

    def visit_BinOp(self, node):
        self.generic_visit(node)
        if isinstance(node.op, (ast.LShift, ast.RShift)):
            is_left = ast.Constant(isinstance(node.op, ast.LShift))
            return _call("shift32", node.left, node.right, is_left)
        if isinstance(node.op, (ast.BitAnd, ast.BitOr, ast.BitXor)):
            return node
        return _call("int32", node)

    def visit_AugAssign(self, node):
        value = ast.BinOp(ast.Name(node.target.id, ast.Load()), node.op, node.value)
        return ast.Assign([node.target], self.visit(value))


def _call(name, *args):
    return ast.Call(ast.Name(name, ast.Load()), list(args), [])


def checked(module):
    """Yield (name, function) of a module's viper functions, with the checks."""
    for node in ast.parse(inspect.getsource(module)).body:
        decorators = [ast.unparse(each) for each in getattr(node, "decorator_list", ())]
        if "micropython.viper" in decorators:
            yield node.name, _compiled(module, node)


def _compiled(module, node):
    node.decorator_list = []
    kinds = [_TYPES.get(each.annotation.id) for each in node.args.args]
    tree = ast.fix_missing_locations(ast.Module([_Checks().visit(node)], []))
    names = dict(vars(module), int32=int32, shift32=shift32)
    exec(compile(tree, module.__file__, "exec"), names)
    function = names[node.name]

    def call(*args):
        pairs = zip(args, kinds, strict=True)
        return function(*(Pointer(arg, kind) if kind else int32(arg) for arg, kind in pairs))

    return call
