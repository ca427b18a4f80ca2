"""The sampling process: `python -m porttui.sampling.child SOURCE`, started by RemoteBoards."""

from __future__ import annotations

# Not `pickle`: that imports `re`, for pickles of old. The first rows wait for this process.
import _pickle
import os
import sys

from porttui.host.child_process import allow_many_files, answer_requests
from porttui.host.local import SourceName, local_host
from porttui.sampling.boards import LocalBoards
from porttui.sampling.errors import SampleError
from porttui.sampling.remote import PICKLE_PROTOCOL, REQUESTS, BoardFrame
from porttui.sampling.sampler import Sampler

_WANTS = {request: want for want, request in REQUESTS.items()}


def main() -> None:
    """Answer until the parent is gone."""
    allow_many_files()
    boards = LocalBoards(Sampler(local_host(SourceName(sys.argv[1]))))

    def answer(request: bytes) -> bytes:
        try:
            frame = BoardFrame(boards.next(_WANTS[request]))
        except SampleError as error:
            frame = BoardFrame(failure=str(error))
        except Exception:  # noqa: BLE001  it is raised again in the parent
            import traceback

            frame = BoardFrame(defect=traceback.format_exc())
        frame = frame._replace(cpu_s=sum(os.times()[:4]))
        return _pickle.dumps(frame, protocol=PICKLE_PROTOCOL)

    answer_requests(answer)


if __name__ == "__main__":
    main()
