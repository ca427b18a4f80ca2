"""NamedTuple, Protocol and Generic without importing `typing`.

With `typing` and some fifty classes made by it, `list` took 5 times `python -c pass`, without it 3.
Type checkers see the names of `typing`.
"""

from __future__ import annotations

from operator import itemgetter

TYPE_CHECKING = False  # type checkers take it as true

if TYPE_CHECKING:
    from typing import Generic as Generic
    from typing import NamedTuple as NamedTuple
    from typing import Protocol as Protocol
    from typing import TypeVar as TypeVar
    from typing import overload as overload
else:

    class Protocol:
        __slots__ = ()
        __class_getitem__ = classmethod(lambda cls, _: cls)

    Generic = Protocol
    TypeVar = overload = lambda value, **_: value

    class _RecordType(type):
        def __new__(mcs, name, bases, body):
            annotations = {} if any(hasattr(base, "_fields") for base in bases) else body
            fields = tuple(annotations.get("__annotations__", ()))
            if fields:
                defaults = {field: body[field] for field in fields if field in body}
                body.update({f: property(itemgetter(at)) for at, f in enumerate(fields)})
                body.update(_fields=fields, _field_defaults=defaults, __match_args__=fields)
            return super().__new__(mcs, name, bases, {"__slots__": (), **body})

    class NamedTuple(tuple, metaclass=_RecordType):
        """As `typing.NamedTuple`, for modules with postponed annotations."""

        def __new__(cls, *values, **keywords):
            fields, defaults = cls._fields, cls._field_defaults
            if len(values) != len(fields):
                keywords = {**defaults, **dict(zip(fields, values)), **keywords}  # noqa: B905
                values = [keywords.pop(field) for field in fields]
            if keywords and set(keywords) - set(fields):
                raise TypeError(f"{cls.__name__} has no fields {list(keywords)}")
            return tuple.__new__(cls, values)

        def _replace(self, **changes):
            return type(self)(**{**self._asdict(), **changes})

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            pairs = (f"{field}={value!r}" for field, value in self._asdict().items())
            return f"{type(self).__name__}({', '.join(pairs)})"
