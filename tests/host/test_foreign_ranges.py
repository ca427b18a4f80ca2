"""The ephemeral ranges of macOS and Windows.

Neither system can be had here. The outputs follow recordings that people published, in shape
and wording, with numbers chosen for the test; only the French table of exclusions is made after
the others. The commands that print them in the last part are fakes, scripts on this machine.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from porttui.host import programs
from porttui.host.portable import ephemeral_range
from porttui.host.request import HostError
from porttui.model.kernel import PortRange, RangeName

ENGLISH_DYNAMIC = """
Protocol tcp Dynamic Port Range
---------------------------------
Start Port      : 49152
Number of Ports : 16384

"""
GERMAN_DYNAMIC = """
Protokoll tcp Dynamischer Portbereich
---------------------------------
Startport      : 49152
Anzahl von Ports : 16384

"""
FRENCH_DYNAMIC = """
Plage de ports dynamique du protocole tcp
---------------------------------
Port de démarrage   : 1024
Nombre de ports     : 13977

"""

ENGLISH_EXCLUDED = """
Protocol tcp Port Exclusion Ranges

Start Port    End Port      
----------    --------      
      5357        5357      
     49671       49770      
     50000       50059     *
     50060       50159      

* - Administered port exclusions.

"""
GERMAN_EXCLUDED = """
Portausschlussbereiche für das Protokoll "tcp"

Startport      Endport
----------    --------
     28380       28380
     49711       49810
     49811       49910
     50000       50059     *

* - Verwaltete Portausschlüsse.

"""
FRENCH_EXCLUDED = """
Plages d’exclusion de ports du protocole tcp

Port de début    Port de fin
-------------    -----------
      5357        5357
     50000       50059     *

* - Exclusions de ports administrés.

"""


@pytest.mark.parametrize(
    ("output", "ends"),
    [
        pytest.param("49152\n65535\n", (49152, 65535), id="default"),
        pytest.param("10000\n10000\n", (10000, 10000), id="single port"),
        pytest.param("65535\n49152\n", (49152, 65535), id="counting downwards"),
    ],
)
def test_sysctl_prints_both_ends(output: str, ends: tuple[int, int]) -> None:
    assert ephemeral_range.parse_macos_range(output) == ends


@pytest.mark.parametrize(
    "output",
    [
        "",
        "49152\n",
        "49152\n65535\n1\n",
        "net.inet.ip.portrange.first: 49152\n",
        "sysctl: unknown oid 'net.inet.ip.portrange.first'\n",
        "0\n65535\n",
        "49152\n65536\n",
        "-1\n65535\n",
        "٤٩١٥٢\n65535\n",
    ],
)
def test_other_words_from_sysctl_are_refused(output: str) -> None:
    with pytest.raises(ValueError, match=r"two port numbers were expected|no range of ports"):
        ephemeral_range.parse_macos_range(output)


@pytest.mark.parametrize(
    ("output", "ends"),
    [
        pytest.param(ENGLISH_DYNAMIC, (49152, 65535), id="English"),
        pytest.param(GERMAN_DYNAMIC, (49152, 65535), id="German"),
        pytest.param(FRENCH_DYNAMIC, (1024, 15000), id="French"),
        pytest.param(ENGLISH_DYNAMIC.replace("\n", "\r\n"), (49152, 65535), id="CRLF"),
        pytest.param(FRENCH_DYNAMIC.replace(" :", "\xa0:"), (1024, 15000), id="no-break space"),
    ],
)
def test_netsh_prints_a_start_and_a_number(output: str, ends: tuple[int, int]) -> None:
    assert ephemeral_range.parse_dynamic_ports(output) == ends


@pytest.mark.parametrize(
    "output",
    [
        "",
        "The following command was not found: int ipv4 show dynamicport tcp.\n",
        "Start Port : 49152\n",
        "Start Port : 49152\nNumber of Ports : 16384\nMore : 1\n",
        "Start Port : 49152\nNumber of Ports : 16385\n",
        "Start Port : 49152\nNumber of Ports : 0\n",
        "Start Port : 0\nNumber of Ports : 10\n",
        ENGLISH_EXCLUDED,
    ],
)
def test_other_words_from_netsh_are_refused(output: str) -> None:
    with pytest.raises(ValueError, match=r"a number of ports were expected|no range of ports"):
        ephemeral_range.parse_dynamic_ports(output)


@pytest.mark.parametrize(
    ("output", "spans"),
    [
        pytest.param(
            ENGLISH_EXCLUDED,
            [(5357, 5357), (49671, 49770), (50000, 50059), (50060, 50159)],
            id="English",
        ),
        pytest.param(
            GERMAN_EXCLUDED,
            [(28380, 28380), (49711, 49810), (49811, 49910), (50000, 50059)],
            id="German",
        ),
        pytest.param(FRENCH_EXCLUDED, [(5357, 5357), (50000, 50059)], id="French"),
        pytest.param(
            FRENCH_EXCLUDED.replace("\n", "\r\n"), [(5357, 5357), (50000, 50059)], id="CRLF"
        ),
        pytest.param("Start Port    End Port\n----------    --------\n\n", [], id="none"),
    ],
)
def test_netsh_prints_a_table_of_excluded_ports(output: str, spans: list[tuple[int, int]]) -> None:
    assert ephemeral_range.parse_excluded_spans(output) == spans


@pytest.mark.parametrize("output", ["", "Access is denied.\n", ENGLISH_DYNAMIC])
def test_what_is_no_table_is_refused(output: str) -> None:
    with pytest.raises(ValueError, match="a table of excluded ports was expected"):
        ephemeral_range.parse_excluded_spans(output)


needs_scripts = pytest.mark.skipif(
    sys.platform == "win32", reason="the fake commands are shell scripts"
)


def write_script(path: Path, lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def fake_sysctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "sysctl"


@pytest.fixture
def fake_netsh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYSTEMROOT", str(tmp_path))
    return tmp_path / "System32" / "netsh.exe"


@needs_scripts
def test_macos_range_comes_from_sysctl(fake_sysctl: Path) -> None:
    names = "-n net.inet.ip.portrange.first net.inet.ip.portrange.last"
    write_script(fake_sysctl, f'[ "$*" = "{names}" ] && printf "49152\\n65535\\n"')
    assert ephemeral_range.read_macos_range() == PortRange(RangeName.EPHEMERAL, 49152, 65535)


@needs_scripts
def test_windows_range_comes_from_netsh(fake_netsh: Path) -> None:
    outputs = (
        ("dynamicport tcp", GERMAN_DYNAMIC),
        ("excludedportrange protocol=tcp", GERMAN_EXCLUDED),
    )
    cases = []
    for number, (question, output) in enumerate(outputs):
        recording = fake_netsh.parents[1] / str(number)
        # The code page of a German console: its umlauts are no UTF-8.
        recording.write_bytes(output.replace("\n", "\r\n").encode("cp850"))
        cases.append(f'"int ipv4 show {question}") cat "{recording}";;')
    write_script(fake_netsh, f'case "$*" in {" ".join(cases)} *) exit 1;; esac')
    found = ephemeral_range.read_windows_range()
    assert found == PortRange(
        RangeName.EPHEMERAL, 49152, 65535, reserved=((49711, 49910), (50000, 50059))
    )
    assert found.capacity == 16384 - 200 - 60


@needs_scripts
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        pytest.param(None, "cannot be run: No such file", id="missing"),
        pytest.param("exit 3", "failed with exit status 3", id="failing"),
        pytest.param("exec sleep 60", "did not answer in 0.2 s", id="hanging"),
        pytest.param("echo no", "did not report the ephemeral range: .* expected", id="babbling"),
    ],
)
def test_what_cannot_be_read_is_said(
    fake_sysctl: Path,
    fake_netsh: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str | None,
    sentence: str,
) -> None:
    monkeypatch.setattr(programs, "SYSTEM_TOOL_TIMEOUT_S", 0.2)
    if script is None:
        monkeypatch.setenv("PATH", str(fake_sysctl.parent))
    else:
        write_script(fake_sysctl, script)
        write_script(fake_netsh, script)
    with pytest.raises(HostError, match=f"sysctl {sentence}"):
        ephemeral_range.read_macos_range()
    with pytest.raises(HostError, match=f"netsh {sentence}"):
        ephemeral_range.read_windows_range()
