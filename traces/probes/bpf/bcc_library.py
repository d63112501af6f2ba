"""The system's bcc, found and imported under any Python.

Distributions install it for their own interpreter (``python3-bpfcc``); it is pure Python over
ctypes, so it runs under others too. The package called bcc on PyPI is another project.
"""

import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path
from types import ModuleType
from typing import Any, Final

PLACES: Final = (
    Path("/usr/lib/python3/dist-packages/bcc"),
    Path(f"/usr/lib/python3.{sys.version_info.minor}/site-packages/bcc"),
    Path("/usr/lib64/python3/site-packages/bcc"),
)


class BccError(Exception):
    """bcc is missing, or refused the program; the text is one sentence."""


def find_bcc() -> Path | None:
    """Return the folder of the system's bcc package, if it is installed."""
    return next((place for place in PLACES if (place / "libbcc.py").is_file()), None)


def import_bcc() -> ModuleType:
    """Import the system's bcc; raises BccError."""
    place = find_bcc()
    if place is None:
        raise BccError("bcc is not installed")
    spec = importlib.util.spec_from_file_location(
        "bcc", place / "__init__.py", submodule_search_locations=[str(place)]
    )
    if spec is None or spec.loader is None:
        raise BccError(f"bcc in {place} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules["bcc"] = module
    try:
        with warnings.catch_warnings():
            # bcc 0.26 has string escapes that Python 3.12 and later warn about.
            warnings.simplefilter("ignore")
            spec.loader.exec_module(module)
    except (ImportError, OSError, SyntaxError) as error:
        raise BccError(f"bcc in {place} does not work under this Python: {error}") from error
    return module


def compile_program(bcc: ModuleType, text: str) -> Any:
    """Compile, load and attach the program; raises BccError."""
    with _our_headers():
        try:
            return bcc.BPF(text=text.encode())
        except Exception as error:  # bcc raises bare Exception for every refusal
            raise BccError(f"bcc could not load the program: {error}") from error


@contextmanager
def _our_headers() -> Iterator[None]:
    """Point bcc to our few headers instead of the kernel's, which need not be installed."""
    name = "BCC_KERNEL_SOURCE"
    before = os.environ.get(name)
    with as_file(files("traces.probes.bpf")) as folder:
        os.environ[name] = str(folder)
        try:
            yield
        finally:
            if before is None:
                del os.environ[name]
            else:
                os.environ[name] = before
