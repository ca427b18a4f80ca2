"""Who may start a process again: units, containers, tools and loops, and what is none of them."""

from __future__ import annotations

import pytest

from porttui.analysis.supervisors import RELOADERS, CommandUser, origin_of
from porttui.model.process import Process
from porttui.model.provenance import Container, Provenance, Supervisor, SupervisorKind
from porttui.text.processes import ancestors_text, directory_text, supervisor_text
from tests.making import process

ID = "0123456789abcdef" * 4
SERVER = process(4213, "node", ppid=4201, cmdline=("node", "server.js"))


ANA = CommandUser(1000, has_systemd=True)
ROOT = CommandUser(0, has_systemd=True)


def supervisors(
    *ancestors: Process,
    of: Process = SERVER,
    cgroups: tuple[str, ...] = (),
    executable: str = "",
    user: CommandUser = ANA,
) -> tuple[Supervisor, ...]:
    provenance = Provenance(of, ancestors=ancestors, cgroups=cgroups, executable=executable)
    return origin_of(provenance, user).supervisors


def parent(*cmdline: str, pid: int = 4201, name: str = "parent") -> Process:
    return process(pid, name, cmdline=cmdline)


@pytest.mark.parametrize(
    ("cgroup", "kind", "name", "command"),
    [
        (
            "/system.slice/nginx.service",
            SupervisorKind.SYSTEMD,
            "nginx.service",
            "systemctl stop nginx.service",
        ),
        (
            "/system.slice/system-postgresql.slice/postgresql@15-main.service",
            SupervisorKind.SYSTEMD,
            "postgresql@15-main.service",
            "systemctl stop postgresql@15-main.service",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/dev.service",
            SupervisorKind.SYSTEMD_USER,
            "dev.service",
            "systemctl --user stop dev.service",
        ),
        (
            f"/system.slice/docker-{ID}.scope",
            SupervisorKind.CONTAINER,
            ID[:12],
            f"docker stop {ID[:12]}",
        ),
        (f"/docker/{ID}", SupervisorKind.CONTAINER, ID[:12], f"docker stop {ID[:12]}"),
        (
            f"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope",
            SupervisorKind.CONTAINER,
            ID[:12],
            f"podman stop {ID[:12]}",
        ),
        (
            f"/kubepods.slice/kubepods-pod12.slice/cri-containerd-{ID}.scope",
            SupervisorKind.CONTAINER,
            ID[:12],
            f"crictl stop {ID[:12]}",
        ),
    ],
)
def test_control_groups(cgroup: str, kind: SupervisorKind, name: str, command: str) -> None:
    [found] = supervisors(cgroups=(cgroup,))
    assert found._replace(container=None) == Supervisor(kind, name, command)
    assert (found.container is not None) is (kind is SupervisorKind.CONTAINER)


@pytest.mark.parametrize(
    ("cgroup", "runtime"),
    [
        (f"/system.slice/docker-{ID}.scope", "docker"),
        (f"/machine.slice/libpod-{ID}.scope/container", "libpod"),
        (f"/kubepods.slice/kubepods-pod12.slice/cri-containerd-{ID}.scope", "cri-containerd"),
    ],
)
def test_a_container_has_its_whole_id_and_no_name_yet(cgroup: str, runtime: str) -> None:
    [found] = supervisors(cgroups=(cgroup,))
    assert found.container == Container(runtime, ID)
    assert found.container.name is None


def test_a_name_stands_beside_the_id_and_not_in_the_command() -> None:
    [found] = supervisors(cgroups=(f"/docker/{ID}",))
    assert f"the container {ID[:12]}." in supervisor_text(found)
    named = found._replace(container=Container("docker", ID, "web"))
    assert f"the container web ({ID[:12]})." in supervisor_text(named)
    assert supervisor_text(named).endswith(f": docker stop {ID[:12]}")


@pytest.mark.parametrize(
    "cgroup",
    [
        "/user.slice/user-1000.slice/session-3.scope",
        "/user.slice/user-1000.slice/user@1000.service/init.scope",
        "/user.slice/user-1000.slice/user@1000.service",
        "/init.scope",
        "/docker/short",
        "/system.slice",
    ],
)
def test_a_session_is_no_supervisor(cgroup: str) -> None:
    assert supervisors(cgroups=(cgroup,)) == ()


@pytest.mark.parametrize(
    ("cmdline", "name"),
    [
        (("node", "/srv/node_modules/.bin/nodemon", "server.js"), "nodemon"),
        (("/usr/bin/node", "/srv/node_modules/nodemon/nodemon.js"), "nodemon"),
        (("node", "/srv/node_modules/.bin/tsx", "watch", "a.ts"), "tsx watch"),
        (("node", "/srv/node_modules/.bin/vite", "--port", "3000"), "vite"),
        (("node", "/srv/node_modules/.bin/next", "dev"), "next dev"),
        (("PM2 v5.3.0: God Daemon (/home/ana/.pm2)",), "pm2"),
        (("/usr/bin/python3", "/usr/bin/supervisord", "-n"), "supervisord"),
        (("runsv", "web"), "runsv"),
        (("s6-supervise", "web"), "s6-supervise"),
        (("gunicorn: master [app:app]",), "gunicorn"),
        (("/venv/bin/python", "/venv/bin/gunicorn", "app:app"), "gunicorn"),
        (("/venv/bin/python", "/venv/bin/uvicorn", "app:app", "--reload"), "uvicorn --reload"),
        (("python", "manage.py", "runserver"), "django runserver"),
        (("/root/.cargo/bin/cargo-watch", "watch", "-x", "run"), "cargo watch"),
        (("watchexec", "-r", "go", "run", "."), "watchexec"),
    ],
)
def test_tools_that_start_their_children_again(cmdline: tuple[str, ...], name: str) -> None:
    tool = parent(*cmdline)
    [found] = supervisors(tool)
    assert found == Supervisor(SupervisorKind.RELOADER, name, "kill -TERM 4201", tool)
    assert name in RELOADERS


@pytest.mark.parametrize(
    "cmdline",
    [
        ("-zsh",),
        ("bash",),
        ("vim", "vite.config.js"),
        ("vim", "nodemon"),
        ("grep", "supervisord"),
        ("sudo", "tail", "gunicorn"),
        ("tail", "-f", "nodemon.log"),
        ("node", "watch.js"),
        ("uvicorn", "app:app"),
        ("npm", "run", "dev"),
        ("sh", "-c", "next-server"),
        (),
    ],
)
def test_other_parents_are_none(cmdline: tuple[str, ...]) -> None:
    assert supervisors(parent(*cmdline)) == ()


def test_the_nearest_one_is_told_however_far_up() -> None:
    shell = parent("sh", "-c", "node server.js")
    tool = parent("node", "/bin/nodemon", pid=4100)
    [found] = supervisors(shell, tool, parent("supervisord", pid=4000))
    assert (found.name, found.process) == ("nodemon", tool)


@pytest.mark.parametrize(
    ("cmdline", "is_loop"),
    [
        (("bash", "-c", "while true; do node server.js; done"), True),
        (("/bin/sh", "-ec", "until node server.js; do sleep 1; done"), True),
        (("sh", "-c", "sleep 1; for i in 1 2; do node server.js; done"), True),
        (("bash", "-c", "node server.js"), False),
        (("bash", "/srv/while.sh"), False),
        (("python", "-c", "while True: pass"), False),
    ],
)
def test_loops_of_a_shell(cmdline: tuple[str, ...], is_loop: bool) -> None:
    found = supervisors(parent(*cmdline))
    assert [each.kind for each in found] == [SupervisorKind.SHELL_LOOP] * is_loop


def test_a_reloader_runs_the_same_command_as_its_child() -> None:
    same = ("/venv/bin/python", "shop.py", "--reload")
    child = process(12, "python", ppid=11, cmdline=same)
    [found] = supervisors(process(11, "python", cmdline=same), of=child)
    assert (found.kind, found.name) == (SupervisorKind.RELOADER, "python")
    worker = process(12, "nginx", ppid=11, cmdline=("nginx",))
    assert supervisors(process(11, "nginx", cmdline=("nginx",)), of=worker) == ()


PROXY = process(
    7,
    "docker-proxy",
    user="root",
    uid=0,
    cmdline=("/usr/bin/docker-proxy", "-proto", "tcp", "-host-port", "8080", "-container-ip"),
)


def test_docker_proxy_stands_for_a_container() -> None:
    [found] = supervisors(of=PROXY, executable="/usr/bin/docker-proxy")
    assert found.kind is SupervisorKind.PORT_FORWARDER
    assert found.command == "docker stop $(docker ps -q --filter publish=8080/tcp)"


@pytest.mark.parametrize(
    ("proxy", "executable"),
    [
        (PROXY, "/usr/bin/python3.11"),
        (PROXY, ""),
        (PROXY._replace(uid=1001), "/home/bob/docker-proxy"),
        (PROXY._replace(cmdline=("docker-proxy", "-host-port", "$(id)")), "/usr/bin/docker-proxy"),
    ],
)
def test_what_calls_itself_docker_proxy_stands_for_nothing(proxy: Process, executable: str) -> None:
    """Whoever does could name the port of any container."""
    assert supervisors(of=proxy, executable=executable, user=ROOT) == ()


USERS = "/user.slice/user-1000.slice/user@1000.service"


@pytest.mark.parametrize(
    ("cgroup", "user", "command"),
    [
        ("/system.slice/nginx.service", ROOT, "systemctl stop nginx.service"),
        ("/system.slice/nginx.service/worker", ROOT, "systemctl stop nginx.service"),
        (
            r"/system.slice/app-a\x2db.service",
            ROOT,
            r"systemctl stop 'app-a\x2db.service'",
        ),
        (f"{USERS}/app.slice/web.service", ANA, "systemctl --user stop web.service"),
        (
            f"{USERS}/app.slice/web.service",
            ROOT,
            "systemctl --user --machine=1000@ stop web.service",
        ),
        (
            "/machine.slice/systemd-nspawn@web.service/payload/system.slice/nginx.service",
            ROOT,
            "systemctl --machine=web stop nginx.service",
        ),
        (f"/kubepods/besteffort/pod1b2c/{ID}", ROOT, f"crictl stop {ID[:12]}"),
        (f"/system.slice/nerdctl-{ID}.scope", ROOT, f"nerdctl stop {ID[:12]}"),
        (
            f"/system.slice/containerd.service/kubepods-pod1.slice:cri-containerd:{ID}",
            ROOT,
            f"crictl stop {ID[:12]}",
        ),
        (f"{USERS}/user.slice/libpod-{ID}.scope", ANA, f"podman stop {ID[:12]}"),
        (f"/docker/{ID}/docker/{'f' * 64}", ROOT, f"docker stop {ID[:12]}"),
    ],
)
def test_a_command_is_for_who_may_run_it(cgroup: str, user: CommandUser, command: str) -> None:
    [found] = supervisors(cgroups=(cgroup,), user=user)
    assert found.command == command


@pytest.mark.parametrize(
    ("cgroup", "user"),
    [
        (f"{USERS}/app.slice/x;id>$HOME;#.service", ROOT),
        (f"{USERS}/$(reboot).service", ROOT),
        (f"{USERS}/--force --force halt.service", ROOT),
        (f"{USERS}/-H.service", ROOT),
        (f"{USERS}/app.slice/a\\x1bb.service", ROOT),
        (f"{USERS}/app.slice/s\u0455hd.service", ROOT),
        (f"{USERS}/app.slice/web.service", CommandUser(1001, has_systemd=True)),
        ("/user.slice/user-1000.slice/user@1001.service/app.slice/web.service", ROOT),
        (f"/lxc.payload.web{USERS}/app.slice/web.service", ROOT),
        ("/mine.service/sshd.service", ROOT),
        ("/lxc.payload.web/system.slice/nginx.service", ROOT),
        ("/system.slice/nginx.service", CommandUser(0, has_systemd=False)),
        (f"{USERS}/docker-{ID}.scope", ROOT),
        (f"{USERS}/user.slice/libpod-{ID}.scope", ROOT),
        (f"/machine.slice/libpod-{ID}.scope/container/system.slice/httpd.service", None),
    ],
)
def test_there_is_no_command_where_somebody_else_may_have_chosen_the_name(
    cgroup: str, user: CommandUser | None
) -> None:
    """It may be pasted into a root shell. What was seen is told."""
    [found] = supervisors(cgroups=(cgroup,), user=user or ROOT)
    if user is None:
        assert found.command == f"podman stop {ID[:12]}", "the container's, not a unit's in it"
    else:
        assert found.command == ""
        assert supervisor_text(found).endswith("The command to stop it is not known")
        assert found.name in supervisor_text(found)


@pytest.mark.parametrize("kind", SupervisorKind)
def test_every_kind_has_words_with_its_command(kind: SupervisorKind) -> None:
    words = supervisor_text(Supervisor(kind, "it", "stop it so", parent("it")))
    assert words.endswith("stop it so")


@pytest.mark.parametrize(
    ("cwd", "project", "words"),
    [
        (None, None, ""),
        ("/srv", None, "/srv"),
        ("/srv/shop", "/srv/shop", "shop (/srv/shop)"),
        ("/srv/shop/api", "/srv/shop", "shop (/srv/shop), in /srv/shop/api"),
    ],
)
def test_where_it_runs(cwd: str | None, project: str | None, words: str) -> None:
    assert directory_text(origin_of(Provenance(SERVER, cwd=cwd, project=project), ANA)) == words


def test_the_chain_of_parents() -> None:
    chain = [process(pid, "sh") for pid in range(50, 44, -1)]
    origin = origin_of(Provenance(SERVER, ancestors=tuple(chain)), ANA)
    assert ancestors_text(origin) == "sh 50 < sh 49 < sh 48 < sh 47 < ..."
    assert ancestors_text(origin_of(Provenance(SERVER), ANA)) == ""


def test_a_certain_unit_goes_before_what_is_only_called_as_a_container() -> None:
    """A delegated unit may make any groups below its own."""
    [found] = supervisors(cgroups=(f"/system.slice/shop.service/docker-{ID}.scope",), user=ROOT)
    assert found.command == "systemctl stop shop.service"


def test_what_is_only_called_as_a_container_is_told_so() -> None:
    [found] = supervisors(cgroups=(f"{USERS}/docker-{ID}.scope",), user=ROOT)
    assert supervisor_text(found).startswith("perhaps the container")


def test_in_a_container_no_program_stands_for_another_container() -> None:
    """There root may call any program docker-proxy."""
    found = supervisors(
        of=PROXY, cgroups=(f"/docker/{ID}",), executable="/x/docker-proxy", user=ROOT
    )
    assert [each.kind for each in found] == [SupervisorKind.CONTAINER]


@pytest.mark.parametrize(
    ("options", "command"),
    [
        (("-proto", "udp"), "docker stop $(docker ps -q --filter publish=8080/udp)"),
        (("-host-ip", "::"), "docker stop $(docker ps -q --filter publish=8080/tcp)"),
        (("-host-ip", "127.0.0.1"), ""),
    ],
)
def test_a_command_is_about_that_very_published_port(
    options: tuple[str, ...], command: str
) -> None:
    """Another container may publish the port by the other protocol, or at another address."""
    proxy = PROXY._replace(cmdline=("docker-proxy", *options, "-host-port", "8080"))
    [found] = supervisors(of=proxy, executable="/usr/bin/docker-proxy")
    assert found.command == command
