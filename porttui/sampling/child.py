"""The sampling process, with a source as its argument; SamplingProcess starts it."""

from __future__ import annotations

import gc
import os

# Not `pickle`: that imports `re`, for pickles of old. The first rows wait for this process.
import pickle
import sys

from porttui.host.asking import SourceName
from porttui.host.child_process import allow_many_files, answer_requests
from porttui.host.local import local_host
from porttui.record import TYPE_CHECKING
from porttui.sampling.boards import LocalBoards
from porttui.sampling.errors import SampleError
from porttui.sampling.remote import BOARD_REQUESTS, PICKLE_PROTOCOL, SNAPSHOT_REQUESTS, Frame
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from porttui.analysis.board import Board
    from porttui.sampling.boards import BoardSource
    from porttui.sampling.snapshots import SnapshotSource

_ANSWERS_PER_COLLECTION = 100
_BOARDS = {request: want for want, request in BOARD_REQUESTS.items()}
_SNAPSHOTS = {request: want for want, request in SNAPSHOT_REQUESTS.items()}


def main() -> None:
    """Answer until the parent is gone."""
    # A sample of tens of thousands of sockets is made of tuples, and none refers to itself: to
    # look for such among them, again and again, takes a tenth of the time of making them.
    gc.disable()
    allow_many_files()
    sampler = Sampler(local_host(SourceName(sys.argv[1])))
    answer_requests(Answers(LocalBoards(sampler), sampler))


class Answers:
    """Boards as frames, each without what the parent has from the one before; and snapshots."""

    def __init__(self, boards: BoardSource, snapshots: SnapshotSource) -> None:
        self._boards = boards
        self._snapshots = snapshots
        self._told: Board | None = None
        self._given = 0

    def __call__(self, request: bytes) -> bytes:
        """The answer to one of BOARD_REQUESTS or SNAPSHOT_REQUESTS, as SamplingProcess reads it."""
        self._given += 1
        if self._given % _ANSWERS_PER_COLLECTION == 0:
            gc.collect()
        try:
            if request in _SNAPSHOTS:
                frame = Frame(snapshot=self._snapshots.sample(_SNAPSHOTS[request]))
            else:
                frame = self._frame(self._boards.next(_BOARDS[request]))
        except SampleError as error:
            frame = Frame(failure=str(error))
        except Exception:  # noqa: BLE001  it is raised again in the parent
            import traceback

            frame = Frame(defect=traceback.format_exc())
        frame = frame._replace(cpu_s=sum(os.times()[:4]))
        return pickle.dumps(frame, protocol=PICKLE_PROTOCOL)

    def _frame(self, board: Board) -> Frame:
        before, self._told = self._told, board
        if before is None:
            return Frame(board)
        fields = zip(board._fields, board, before, strict=True)
        return Frame(changed={name: now for name, now, then in fields if now is not then})
