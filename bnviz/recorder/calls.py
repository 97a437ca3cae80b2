"""The calls of a model's layers in one forward pass: what goes into a module, and what comes out of it.

Hooks are there for that pass alone. They see a module's output before anything that works in place, as `ReLU(inplace=True)`, has
written to it.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from bnviz.recorder import kinds
from bnviz.recorder.bounds import Bounds, bounds_of, moves_values
from bnviz.recorder.tensors import first_values, tensors

INPUT = -1  # instead of a call: the model's input
RANDOM = re.compile("dropout|bernoulli|^_?rand")  # in names of functions that draw masks
MOST_CALLS = 4  # of one module, that are layers of their own: a recurrent cell is called at every time step


class Place(NamedTuple):
    """A call of a module: which module, by its name in `named_modules`, and how often it was called before in the pass."""

    name: str
    repeat: int


Receive = Callable[[Place, str, Tensor, Sequence[Tensor]], None]  # of a place, "in" or "out", the values there, and all tensors


@contextlib.contextmanager
def listening(modules: Iterable[tuple[str, nn.Module]], receive: Receive) -> Iterator[None]:
    """Within the block, `receive` gets what goes into these modules and what comes out, at the very moment.

    Calls from other threads are left out: such a thread may use the model meanwhile."""
    counts: Counter[str] = Counter()
    with contextlib.ExitStack() as stack:
        for name, module in modules:
            before, after = _hooks(name, counts, receive)
            stack.callback(module.register_forward_pre_hook(before, with_kwargs=True).remove)
            stack.callback(module.register_forward_hook(after).remove)
        yield


def _hooks(name: str, counts: Counter[str], receive: Receive) -> tuple[Callable[..., None], Callable[..., None]]:
    running: list[int] = []  # calls that have not returned, the innermost last
    thread = threading.get_ident()

    def before(module: nn.Module, arguments: Any, named: Any) -> None:
        if threading.get_ident() != thread:
            return
        running.append(counts[name])
        counts[name] += 1
        if (values := first_values((arguments, named))) is not None and running[-1] < MOST_CALLS:
            receive(Place(name, running[-1]), "in", values, [*tensors((arguments, named))])

    def after(module: nn.Module, arguments: Any, output: Any) -> None:
        if threading.get_ident() != thread:
            return
        repeat = running.pop()
        if (values := first_values(output)) is not None and repeat < MOST_CALLS:
            receive(Place(name, repeat), "out", values, [*tensors(output)])

    return before, after


def layer_modules(model: nn.Module) -> dict[str, nn.Module]:
    """The modules that are listened to, by name: normalizers, and modules with weights."""
    hidden = kinds.parametrizing(model)
    return {
        name: module
        for name, module in model.named_modules()
        if module not in hidden
        and not isinstance(module, torch.jit.ScriptModule)
        and (kinds.normalizes(module) or kinds.is_weighted(module))
    }


@dataclass
class Call:
    """A call: the shapes of its input and output, and the calls (or INPUT) that its input was computed from directly."""

    place: Place
    module: nn.Module
    input_shape: torch.Size
    output_shape: torch.Size | None = None
    sources: set[int] = field(default_factory=set)
    direct: int | None = None  # the call whose output is the input, as it came out
    is_masked: bool = False  # whether random numbers, as of dropout, may have set values of the input to 0
    bounds: Bounds | None = None  # of the nonlinearity that the input came out of, if it is a bounded one


def trace(model: nn.Module, inputs: Any, forward: Callable[[], Any]) -> tuple[list[Call], Any]:
    """The calls in a forward pass with these inputs, in their order, with what depends on what; and the model's output."""
    modules, calls = layer_modules(model), []
    flow = Dataflow(tensors(inputs), (*model.parameters(), *model.buffers()))
    numbers: dict[Place, int] = {}

    def receive(place: Place, side: str, values: Tensor, every: Sequence[Tensor]) -> None:
        if side == "in":
            numbers[place] = len(calls)
            sources = flow.sources(values)
            known, is_masked = _known(sources, len(calls)), flow.is_masked(values)
            origin, bounds = flow.origin(values), flow.bounds(values)
            calls.append(Call(place, modules[place.name], values.shape, None, known, origin, is_masked, bounds))
            return
        if place not in numbers:  # its input holds no real numbers, as an embedding's
            numbers[place] = len(calls)
            calls.append(Call(place, modules[place.name], values.shape))
        calls[numbers[place]].output_shape = values.shape
        for one in every:  # as an LSTM's states
            flow.set_sources(one, {numbers[place]})
        flow.set_output(values, numbers[place])

    with listening(modules.items(), receive), flow:
        output = forward()
    return calls, output


def _name(function: Any) -> str:
    return getattr(function, "__name__", "")


def _known(sources: set[int] | None, number: int) -> set[int]:
    """The sources of a call's input; where they are not known, the call before."""
    return ({number - 1} if number else set()) if sources is None else sources


class Dataflow(TorchFunctionMode):
    """Which calls every tensor was computed from, as long as the block lasts: those nearest, and none behind them."""

    def __init__(self, inputs: Iterable[Tensor], constants: Iterable[Tensor]):
        """`inputs` are the model's, `constants` come from nowhere."""
        super().__init__()
        self._tensors: list[Tensor] = []  # kept, so that no other tensor gets the same id
        self._sources: dict[int, set[int]] = {}
        self._outputs: dict[int, int] = {}
        self._masked: set[int] = set()
        self._bounds: dict[int, Bounds | None] = {}
        for one in constants:
            self.set_sources(one, set())
        for one in inputs:
            self.set_sources(one, {INPUT})

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        results = list(tensors(result))
        if results:
            known = [self._sources[id(one)] for one in tensors((args, kwargs)) if id(one) in self._sources]
            is_masked = bool(RANDOM.search(_name(function))) or any(map(self.is_masked, tensors((args, kwargs))))
            bounds = self._bounds_behind(_name(function), args, kwargs or {})
            for one in results:
                self.set_sources(one, set().union(*known))
                self._outputs.pop(id(one), None)  # it may have been written to
                self._bounds[id(one)] = bounds
                if is_masked:
                    self._masked.add(id(one))
        return result

    def sources(self, tensor: Tensor) -> set[int] | None:
        """The calls that a tensor comes from; None if no call was seen to make it."""
        return self._sources.get(id(tensor))

    def origin(self, tensor: Tensor) -> int | None:
        """The call that a tensor is the output of, if nothing was done to it since."""
        return self._outputs.get(id(tensor))

    def is_masked(self, tensor: Tensor) -> bool:
        """Whether random numbers were drawn for a tensor, or for one that it comes from since the last call."""
        return id(tensor) in self._masked

    def bounds(self, tensor: Tensor) -> Bounds | None:
        """The bounds of the nonlinearity that a tensor came out of, if it is a bounded one."""
        return self._bounds.get(id(tensor))

    def _bounds_behind(self, function: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bounds | None:
        """The same of what a function gives for these arguments."""
        if moves_values(function):
            return next((self.bounds(one) for one in tensors((args, kwargs))), None)
        return bounds_of(function, args, kwargs)

    def set_output(self, tensor: Tensor, number: int) -> None:
        """Say that a tensor is the output of a call."""
        self.set_sources(tensor, {number})
        self._outputs[id(tensor)] = number
        self._masked.discard(id(tensor))

    def set_sources(self, tensor: Tensor, sources: set[int]) -> None:
        """Say where a tensor comes from."""
        self._sources[id(tensor)] = sources
        self._tensors.append(tensor)
