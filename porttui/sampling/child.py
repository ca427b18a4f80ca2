"""The sampling process: `python -m porttui.sampling.child SOURCE`, started by RemoteBoards."""

from __future__ import annotations

# Not `pickle`: that imports `re`, for pickles of old. The first rows wait for this process.
import _pickle
import gc
import os
import sys

from porttui.host.asking import SourceName
from porttui.host.child_process import allow_many_files, answer_requests
from porttui.host.local import local_host
from porttui.light_typing import TYPE_CHECKING
from porttui.sampling.boards import LocalBoards
from porttui.sampling.errors import SampleError
from porttui.sampling.remote import PICKLE_PROTOCOL, REQUESTS, BoardFrame
from porttui.sampling.sampler import Sampler

if TYPE_CHECKING:
    from porttui.analysis.board import Board
    from porttui.sampling.boards import BoardSource

_ANSWERS_PER_COLLECTION = 100
_WANTS = {request: want for want, request in REQUESTS.items()}


def main() -> None:
    """Answer until the parent is gone."""
    # A sample of tens of thousands of sockets is made of tuples, and none refers to itself: to
    # look for such among them, again and again, takes a tenth of the time of making them.
    gc.disable()
    allow_many_files()
    answer_requests(Answers(LocalBoards(Sampler(local_host(SourceName(sys.argv[1]))))))


class Answers:
    """Boards as frames, each without what the parent has from the one before."""

    def __init__(self, boards: BoardSource) -> None:
        self._boards = boards
        self._told: Board | None = None
        self._given = 0

    def __call__(self, request: bytes) -> bytes:
        """The answer to one of REQUESTS, as RemoteBoards reads it."""
        self._given += 1
        if self._given % _ANSWERS_PER_COLLECTION == 0:
            gc.collect()
        try:
            frame = self._frame(self._boards.next(_WANTS[request]))
        except SampleError as error:
            frame = BoardFrame(failure=str(error))
        except Exception:  # noqa: BLE001  it is raised again in the parent
            import traceback

            frame = BoardFrame(defect=traceback.format_exc())
        frame = frame._replace(cpu_s=sum(os.times()[:4]))
        return _pickle.dumps(frame, protocol=PICKLE_PROTOCOL)

    def _frame(self, board: Board) -> BoardFrame:
        before, self._told = self._told, board
        if before is None:
            return BoardFrame(board)
        fields = zip(board._fields, board, before, strict=True)
        return BoardFrame(changed={name: now for name, now, then in fields if now is not then})


if __name__ == "__main__":
    main()
