"""The sockets of a sample as columns: 60,000 objects would cost most of a second.

A row becomes a `Socket` only when it is read. Code that reads all rows reads the
columns, which are arrays of numbers, with names, addresses and processes in small side tables.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set

from porttui.model.address import Address, Endpoint, Protocol
from porttui.model.process import Process
from porttui.model.socket import Ownership, Socket, TcpState
from porttui.record import TYPE_CHECKING, NamedTuple, TypeVar, overload

if TYPE_CHECKING:
    from typing import Any, dataclass_transform
else:

    def dataclass_transform(**_):
        return lambda function: function


T = TypeVar("T")

STATES: tuple[TcpState | None, ...] = (
    None,
    TcpState.ESTABLISHED,
    TcpState.SYN_SENT,
    TcpState.SYN_RECV,
    TcpState.FIN_WAIT1,
    TcpState.FIN_WAIT2,
    TcpState.TIME_WAIT,
    TcpState.CLOSE,
    TcpState.CLOSE_WAIT,
    TcpState.LAST_ACK,
    TcpState.LISTEN,
    TcpState.CLOSING,
    TcpState.SYN_RECV,
    TcpState.CLOSE,
    TcpState.DELETE_TCB,
)
"""A state by its number in `SocketTable.states`: Linux's own (include/net/tcp_states.h), where 12
is a request that is not a full socket yet and 13 a socket that is bound and idle; 0 for UDP."""

STATE_CODES: Mapping[TcpState | None, int] = {
    **{state: code for code, state in reversed(list(enumerate(STATES)))},
}
"""The first number of each state."""

ESTABLISHED, TIME_WAIT, LISTEN = 1, 6, 10

UNACCEPTED_STATES = frozenset({1, 3, 12})
"""States in which a connection without a process waits for accept(2): established, or with
TCP_DEFER_ACCEPT still a request (tcp(7))."""

NO_ADDRESS = 0
"""The number of no address: the remote one of a socket that has none."""

UNKNOWN_NUMBER = 0xFFFFFFFF
"""Nobody has this user number (chown(2): -1 is none), and no TIME_WAIT lasts so long."""

NO_HOLDERS = 0
"""The number of the empty group of holders."""

OWNERSHIPS = tuple(Ownership)
"""By their numbers in `SocketTable.ownerships`."""
OWNERSHIP_CODES: Mapping[Ownership, int] = {
    ownership: code for code, ownership in enumerate(OWNERSHIPS)
}
HIDDEN, GONE = OWNERSHIP_CODES[Ownership.HIDDEN], OWNERSHIP_CODES[Ownership.GONE]
_V6ONLY: tuple[bool | None, ...] = (None, False, True)


class SideTables(NamedTuple):
    """What the numbers in the columns stand for."""

    addresses: tuple[Address | None, ...]
    """At NO_ADDRESS: None."""
    holder_sets: tuple[tuple[Process, ...], ...]
    """The holders of one or more sockets; at NO_HOLDERS: ()."""
    users: Mapping[int, str]
    """User names by uid."""


@dataclass_transform(kw_only_default=True)
def _with_columns(cls: type[T]) -> type[T]:
    """Type checkers derive the parameters of `__init__` from the annotations of a class."""
    return cls


@_with_columns
class SocketTable(Sequence[Socket]):
    """Immutable by agreement: nobody writes into its columns once it is made.

    TCP comes before UDP. Every column has one entry for each row. The annotations are the one
    list of columns: slots, parameters and copies derive from it.
    """

    udp_start: int
    """Index of the first UDP row."""
    side: SideTables
    """What the numbers stand for."""
    states: bytes
    """Indexes in STATES."""
    local_addresses: array[int]
    """Indexes in `side.addresses`."""
    local_ports: array[int]
    """0..65535."""
    remote_addresses: array[int]
    """Indexes in `side.addresses`; NO_ADDRESS without a remote end."""
    remote_ports: array[int]
    """0..65535."""
    holder_sets: array[int]
    """Indexes in `side.holder_sets`."""
    ownerships: bytes
    """Values of OWNERSHIP_CODES."""
    uids: array[int]
    """UNKNOWN_NUMBER where the kernel does not report it."""
    inodes: array[int]
    """0 where there is none."""
    v6only: bytes
    """0 unknown, 1 false, 2 true."""
    cgroup_ids: array[int]
    """See `Socket.cgroup_id`."""
    expires_ms: array[int]
    """Of TIME_WAIT alone; UNKNOWN_NUMBER where it is unknown."""
    recv_queues: array[int]
    """See `Socket.recv_queue`."""
    send_queues: array[int]
    """See `Socket.send_queue`."""
    __slots__ = tuple(__annotations__)

    if not TYPE_CHECKING:

        def __init__(self, **columns):
            if columns.keys() != set(self.__slots__):
                raise TypeError(f"columns are missing or unknown: {sorted(columns)}")
            for name, column in columns.items():
                setattr(self, name, column)

    @classmethod
    def of(cls, sockets: Iterable[Socket]) -> SocketTable:
        """The table of these sockets, TCP before UDP, otherwise in their order."""
        if isinstance(sockets, SocketTable):
            return sockets
        rows = sorted(sockets, key=lambda socket: socket.protocol is Protocol.UDP)
        addresses: dict[Address | None, int] = {None: NO_ADDRESS}
        holder_sets: dict[tuple[Process, ...], int] = {(): NO_HOLDERS}
        users: dict[int, str] = {}
        remotes = [socket.remote for socket in rows]
        for socket in rows:
            if socket.uid is not None and socket.user is not None:
                users[socket.uid] = socket.user
        return cls(
            udp_start=sum(socket.protocol is Protocol.TCP for socket in rows),
            states=bytes(STATE_CODES[socket.state] for socket in rows),
            local_addresses=array(
                "I", (addresses.setdefault(socket.local.address, len(addresses)) for socket in rows)
            ),
            local_ports=array("H", (socket.local.port for socket in rows)),
            remote_addresses=array(
                "I",
                (
                    addresses.setdefault(end.address if end else None, len(addresses))
                    for end in remotes
                ),
            ),
            remote_ports=array("H", (end.port if end else 0 for end in remotes)),
            holder_sets=array(
                "I", (holder_sets.setdefault(socket.holders, len(holder_sets)) for socket in rows)
            ),
            ownerships=bytes(OWNERSHIP_CODES[socket.ownership] for socket in rows),
            uids=array(
                "I", (UNKNOWN_NUMBER if socket.uid is None else socket.uid for socket in rows)
            ),
            inodes=array("Q", (socket.inode for socket in rows)),
            v6only=bytes(_V6ONLY.index(socket.v6only) for socket in rows),
            cgroup_ids=array("Q", (socket.cgroup_id for socket in rows)),
            expires_ms=array(
                "I",
                (
                    UNKNOWN_NUMBER if socket.expires_ms is None else socket.expires_ms
                    for socket in rows
                ),
            ),
            recv_queues=array("I", (socket.recv_queue for socket in rows)),
            send_queues=array("I", (socket.send_queue for socket in rows)),
            side=SideTables(tuple(addresses), tuple(holder_sets), users),
        )

    def select(self, rows: Sequence[int]) -> SocketTable:
        """The table of these rows, given in their order."""

        def entries(column: Any) -> Any:
            picked = map(column.__getitem__, rows)
            return bytes(picked) if isinstance(column, bytes) else array(column.typecode, picked)

        columns = self._columns()
        whole = {
            "side": columns.pop("side"),
            "udp_start": bisect_left(rows, columns.pop("udp_start")),
        }
        return SocketTable(**whole, **{name: entries(columns[name]) for name in columns})

    def with_gone(self, inodes: Set[int]) -> SocketTable:
        """The same rows; sockets with these inodes were closed before their holders were read."""
        ownerships = bytearray(self.ownerships)
        for row, inode in enumerate(self.inodes):
            if inode in inodes:
                ownerships[row] = GONE
        return SocketTable(**{**self._columns(), "ownerships": bytes(ownerships)})

    def _columns(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    def __len__(self) -> int:
        return len(self.states)

    @overload
    def __getitem__(self, at: int) -> Socket: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Socket]: ...
    def __getitem__(self, at: int | slice) -> Socket | Sequence[Socket]:
        if isinstance(at, slice):
            return [self[index] for index in range(*at.indices(len(self)))]
        row = range(len(self))[at]
        code = self.states[row]
        uid = self.uids[row]
        expires_ms = self.expires_ms[row]
        return Socket(
            Protocol.TCP if row < self.udp_start else Protocol.UDP,
            STATES[code],
            self.local(row),
            self.remote(row),
            OWNERSHIPS[self.ownerships[row]],
            self.side.holder_sets[self.holder_sets[row]],
            None if uid == UNKNOWN_NUMBER else uid,
            self.side.users.get(uid),
            self.inodes[row],
            _V6ONLY[self.v6only[row]],
            expires_ms if code == TIME_WAIT and expires_ms != UNKNOWN_NUMBER else None,
            self.recv_queues[row],
            self.send_queues[row],
            self.cgroup_ids[row],
        )

    def __iter__(self) -> Iterator[Socket]:
        return (self[row] for row in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SocketTable):
            return NotImplemented
        return len(self) == len(other) and all(
            one == another for one, another in zip(self, other, strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def local(self, row: int) -> Endpoint:
        """The local end of a row."""
        return Endpoint(self.address(self.local_addresses[row]), self.local_ports[row])

    def address(self, number: int) -> Address:
        """The address of a number in a column, which must not be NO_ADDRESS."""
        address = self.side.addresses[number]
        assert address is not None
        return address

    def holder_names(self) -> list[str]:
        """Sort keys of the holder sets: the first holder's name; the empty set is last."""
        return [
            holders[0].name.lower() if holders else "\uffff" for holders in self.side.holder_sets
        ]

    def remote(self, row: int) -> Endpoint | None:
        """The remote end of a row; None without one."""
        address = self.side.addresses[self.remote_addresses[row]]
        return None if address is None else Endpoint(address, self.remote_ports[row])

    def rows_in_state(self, state: int) -> Iterator[int]:
        """Rows in a state, given by its number; fast for a rare state."""
        row = self.states.find(state)
        while row >= 0:
            yield row
            row = self.states.find(state, row + 1)

    def listening_rows(self) -> list[int]:
        """TCP listeners, and UDP sockets that are bound and not connected (`ss -l`)."""
        rows = list(self.rows_in_state(LISTEN))
        rows += [
            row
            for row in range(self.udp_start, len(self))
            if self.remote_addresses[row] == NO_ADDRESS and self.local_ports[row]
        ]
        return rows

    def rows_on_port(self, protocol: Protocol, port: int) -> list[int]:
        """Rows whose local port this is."""
        start, end = (
            (0, self.udp_start) if protocol is Protocol.TCP else (self.udp_start, len(self))
        )
        return [row for row in range(start, end) if self.local_ports[row] == port]
