"""Who is who: roles of processes, names of threads, files and sockets, as the events tell them."""

from typing import Final

from traces.event import FdRef, FileSeen, ProcessSeen, ThreadSeen

KERNEL: Final = "kernel"
"""What stands for work that belongs to no process under study: an interrupt, a flusher."""

_PROGRAM: Final = (".py", ".pyc", ".json", ".toml", ".pth", ".mo", ".cache", ".conf", ".alias")
_SYSTEM: Final = ("/usr/", "/lib", "/etc/", "/sys/", "/proc/", "/dev/")


def is_program_file(path: str) -> bool:
    """Say whether a program reads this file in order to run: code, libraries, settings.

    Told by name alone; a probe may know no more than a file's last name.
    """
    name = path.rpartition("/")[2]
    return path.startswith(_SYSTEM) or name.endswith(_PROGRAM) or ".so" in name


class Directory:
    """Names by number. ``label(pid)`` is unique: a second consumer is ``consumer 2``."""

    def __init__(self) -> None:
        self.roles: dict[int, str] = {}
        self.commands: dict[int, str] = {}
        self.threads: dict[int, str] = {}
        self.files: dict[int, tuple[str, int]] = {}  # by inode: path and device
        self._labels: dict[int, str] = {}

    def process(self, event: ProcessSeen) -> None:
        """Note a process under study."""
        known = self.roles.get(event.pid)
        if known is not None and event.role in ("process", known):
            self.commands[event.pid] = event.command or self.commands.get(event.pid, "")
            return
        self.roles[event.pid] = event.role
        self.commands[event.pid] = event.command
        self._labels[event.pid] = self._new_label(event)

    def thread(self, event: ThreadSeen) -> None:
        """Note a thread's name."""
        self.threads[event.tid] = event.name

    def file(self, event: FileSeen) -> None:
        """Note a file's name."""
        if event.kind == "file" and event.ino:
            self.files[event.ino] = (event.name, event.dev)

    def descriptors(self, fds: tuple[FdRef, ...]) -> None:
        """Note the files that a call names."""
        for ref in fds:
            if ref.kind == "file" and ref.name and ref.ino and ref.ino not in self.files:
                self.files[ref.ino] = (ref.name, ref.dev)

    def label(self, pid: int) -> str:
        """Return the name that places of this process carry."""
        return self._labels.get(pid, KERNEL)

    def role(self, pid: int) -> str:
        """Return broker, producer, consumer or process; ``kernel`` if it is none of ours."""
        return self.roles.get(pid, KERNEL)

    def path(self, ino: int) -> str:
        """Return a file's path, or "" if it is not known."""
        known = self.files.get(ino)
        return known[0] if known else ""

    def short(self, ino: int) -> str:
        """Return the last two parts of a file's path; ``inode N`` if no name is known."""
        path = self.path(ino)
        if not path:
            return f"inode {ino}" if ino else ""
        return "/".join(path.split("/")[-2:])

    def is_data(self, ino: int) -> bool:
        """Say whether a file is known by name and no program file."""
        path = self.path(ino)
        return bool(path) and not is_program_file(path)

    def _new_label(self, event: ProcessSeen) -> str:
        if event.role == "process":
            return f"process {event.pid}"
        taken = set(self._labels.values())
        label, number = event.role, 2
        while label in taken:
            label, number = f"{event.role} {number}", number + 1
        return label
