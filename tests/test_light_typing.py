"""Named tuples that a one-shot command can afford: as `typing`'s, whatever is done to them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import typing
from collections.abc import Callable

import pytest

from porttui import light_typing
from tests.servers import ROOT


class Light(light_typing.NamedTuple):
    """A record."""

    port: int
    names: tuple[str, ...]
    user: str | None = None
    flags: tuple[int, int] = (1, 2)

    @property
    def label(self) -> str:
        """Made of two fields."""
        return f"{self.port} {self.user}"


class Heavy(typing.NamedTuple):
    """The same."""

    port: int
    names: tuple[str, ...]
    user: str | None = None
    flags: tuple[int, int] = (1, 2)

    @property
    def label(self) -> str:
        """Made of two fields."""
        return f"{self.port} {self.user}"


class Nothing(light_typing.NamedTuple):
    """Without fields."""


class Kept(Light):
    """A class of a class."""

    @property
    def twice(self) -> int:
        """More than the other knows."""
        return 2 * self.port


T = light_typing.TypeVar("T")


class Box(light_typing.NamedTuple, light_typing.Generic[T]):
    """Of something."""

    content: T


Record = type[Light] | type[Heavy]


@pytest.fixture(params=[Light, Heavy])
def record(request: pytest.FixtureRequest) -> Record:
    kind: Record = request.param
    return kind


def test_what_can_be_done_with_it(record: Record) -> None:
    one = record(80, ("http",))
    assert one == (80, ("http",), None, (1, 2))
    assert record(names=("http",), port=80) == one
    assert record(80, ("http",), "ana") != one
    assert (one.port, one.names, one.user, one.flags) == tuple(one)
    assert one._replace(user="ana").label == "80 ana"
    assert one._asdict() == {"port": 80, "names": ("http",), "user": None, "flags": (1, 2)}
    assert record._make(iter(one)) == one
    assert record._fields == ("port", "names", "user", "flags")
    assert record._field_defaults == {"user": None, "flags": (1, 2)}
    assert repr(one) == f"{record.__name__}(port=80, names=('http',), user=None, flags=(1, 2))"
    assert hash(one) == hash(tuple(one))
    assert not hasattr(one, "__dict__")


def test_it_is_taken_apart_by_a_pattern(record: Record) -> None:
    match record(80, ()):
        case Light(port, names, user=None) | Heavy(port, names, user=None):
            assert (port, names) == (80, ())
        case _:
            pytest.fail("it does not match")


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_it_goes_through_a_pipe(record: Record, protocol: int) -> None:
    one = record(80, ("http",), flags=(3, 4))
    other = pickle.loads(pickle.dumps(one, protocol=protocol))
    assert (type(other), other) == (record, one)
    assert copy.deepcopy(one) == one


@pytest.mark.parametrize(
    "wrong",
    [
        lambda kind: kind(),
        lambda kind: kind(80),
        lambda kind: kind(80, (), None, (1, 2), 5),
        lambda kind: kind(80, (), port=81),
        lambda kind: kind(80, (), owner="ana"),
        lambda kind: kind._make([1, 2]),
    ],
)
def test_wrong_arguments_are_refused(record: Record, wrong: Callable[[Record], object]) -> None:
    for _ in range(2):  # the first one makes the constructor
        with pytest.raises(TypeError):
            wrong(record)


def test_an_unknown_field_cannot_be_replaced(record: Record) -> None:
    with pytest.raises(ValueError, match="owner"):
        record(80, ())._replace(owner="ana")  # type: ignore[call-arg]


def test_fields_cannot_be_set(record: Record) -> None:
    with pytest.raises(AttributeError):
        record(80, ()).port = 81  # type: ignore[misc]


def test_one_without_fields() -> None:
    assert Nothing() == ()
    assert repr(Nothing()) == "Nothing()"
    with pytest.raises(TypeError):
        Nothing(1)  # type: ignore[call-arg]


def test_a_class_of_a_class_has_its_fields() -> None:
    assert Kept(80, ()).twice == 160
    assert isinstance(Kept(80, ()), Light)
    assert type(Kept(80, ())._replace(port=81)) is Kept
    assert type(Light(80, ())) is Light


def test_one_of_something() -> None:
    assert Box("a").content == "a"
    assert Box[int](1) == (1,)


def test_annotations_must_not_be_evaluated() -> None:
    """Where they are, Python 3.14 does not tell them when a class is made."""
    lines = "from porttui.light_typing import NamedTuple\nclass A(NamedTuple):\n    port: int\n"
    with pytest.raises(TypeError, match="A lacks `from __future__ import annotations`"):
        exec(compile(lines, "<a module>", "exec", dont_inherit=True), {"__name__": "a_module"})


@pytest.mark.parametrize("command", [("list", "--listening"), ("check",)])
def test_a_one_shot_command_does_without_typing_and_socket(command: tuple[str, ...]) -> None:
    code = (
        "import sys\n"
        "from porttui.__main__ import main\n"
        f"main({list(command)!r})\n"
        "sys.exit(' '.join({'typing', 'socket', 're', 'argparse', 'psutil'} & {*sys.modules}) or 0)"
    )
    # Isolated and without site: what a .pth file imports is not porttui's doing.
    bare = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"]
    bare[-1] += code
    done = subprocess.run(bare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
