"""What `typing` gives at run time, without `typing`.

To import it takes as long as all of Python's own start, and a class of its NamedTuple a tenth of
a millisecond and more: it compiles every annotation that is a string, and a constructor. A
one-shot command has dozens of such classes, and needs a few. Type checkers see `typing`'s own.
"""

from __future__ import annotations

# `typing`'s own is what this module is there to do without; type checkers go by the name.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Generic as Generic
    from typing import NamedTuple as NamedTuple
    from typing import Protocol as Protocol
    from typing import TypeVar as TypeVar
    from typing import overload as overload
else:
    from _collections import _tuplegetter

    _of = tuple.__new__

    class _Kind(type):
        """Makes a class of named tuples of a class body with annotations."""

        def __new__(mcs, name, bases, body):
            if any(getattr(base, "_fields", ()) for base in bases):
                # A class of a class: it may know more, but has no other fields.
                return super().__new__(mcs, name, bases, {"__slots__": (), **body})
            fields = tuple(body.get("__annotations__", ()))
            for field in fields:
                if not isinstance(body["__annotations__"][field], str):
                    # Python 3.14 has none in the body otherwise (PEP 649).
                    raise TypeError(
                        f"the module of {name} lacks `from __future__ import annotations`"
                    )
            defaults = {field: body[field] for field in fields if field in body}
            body.update(
                {field: _tuplegetter(at, "") for at, field in enumerate(fields)},
                __slots__=(),
                __match_args__=fields,
                __new__=_new,
                _fields=fields,
                _field_defaults=defaults,
            )
            return super().__new__(mcs, name, bases, body)

    def _new(cls, /, *values, **named):
        """Make the first one, and for all others a constructor that is as quick as any."""
        kind = next(each for each in cls.__mro__ if "_field_defaults" in each.__dict__)
        parameters = ", ".join(kind._fields)
        trailing = "," if parameters else ""
        names = {"_of": _of, "__name__": cls.__module__}
        new = eval(f"lambda _cls, {parameters}: _of(_cls, ({parameters}{trailing}))", names)
        new.__defaults__ = tuple(kind._field_defaults.values())
        new.__name__, new.__qualname__ = "__new__", f"{kind.__qualname__}.__new__"
        kind.__new__ = staticmethod(new)
        return new(cls, *values, **named)

    class _Record(tuple):
        """What named tuples can (collections.namedtuple)."""

        __slots__ = ()

        @classmethod
        def _make(cls, values):
            made = _of(cls, values)
            if len(made) != len(cls._fields):
                raise TypeError(f"expected {len(cls._fields)} values, got {len(made)}")
            return made

        def _replace(self, /, **changes):
            made = self._make(map(changes.pop, self._fields, self))
            if changes:
                raise ValueError(f"there are no fields {list(changes)!r}")
            return made

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            pairs = zip(self._fields, self, strict=True)
            named = ", ".join(f"{field}={value!r}" for field, value in pairs)
            return f"{type(self).__name__}({named})"

        def __getnewargs__(self):
            return tuple(self)

    class NamedTuple(_Record, metaclass=_Kind):
        """As `typing.NamedTuple`, for modules that postpone the evaluation of annotations."""

    class Protocol:
        """As `typing.Protocol`, but for nothing that is asked at run time."""

        __slots__ = ()

    class Generic:
        """As `typing.Generic`; what stands in the brackets is for type checkers alone."""

        __slots__ = ()

        def __class_getitem__(cls, _parameters):
            return cls

    def TypeVar(name, *_constraints, **_bounds):  # noqa: N802
        """As `typing.TypeVar`, for `Generic`."""
        return name

    def overload(function):
        """As `typing.overload`."""
        return function
