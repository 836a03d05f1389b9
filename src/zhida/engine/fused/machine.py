"""Assembly to machine code with LLVM, kept on disk under the name of its content, so that a law is compiled once per kind of processor."""

from __future__ import annotations

import ctypes
import hashlib
import os
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from zhida.kernel.errors import ZhidaError
from zhida.kernel.files import atomic_path

# Raised when the same assembly must be compiled anew.
_VERSION = "1"
_DIGEST = 32


class MachineCode:
    """Loaded functions."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def function(self, name: str, result: Any, *arguments: Any) -> Any:
        """Return a function to call; others run meanwhile, for it needs no Python."""
        found = ctypes.CFUNCTYPE(result, *arguments)(self._engine.get_function_address(name))
        # The engine owns the memory that the function lies in.
        found.engine = self._engine  # type: ignore[attr-defined]
        return found


def is_available() -> bool:
    """Say whether this site compiles: llvmlite is there and ZHIDA_JIT is not 0."""
    return os.environ.get("ZHIDA_JIT") != "0" and _llvm() is not None


def cache_folder() -> Path:
    """Where machine code is kept: ZHIDA_KERNEL_CACHE, or a folder of the user's own that nobody else may write."""
    named = os.environ.get("ZHIDA_KERNEL_CACHE")
    return Path(named) if named else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "zhida" / "kernels"


_compiling = Lock()


def machine_code(text: str) -> MachineCode:
    """Compile assembly, or load what was compiled of it before."""
    with _compiling:
        return _loaded(text)


def _loaded(text: str) -> MachineCode:
    llvm = _llvm()
    path = cache_folder() / f"{_name(text)}.o"
    compiled = _kept(path)
    if compiled is None:
        compiled = _compile(text)
        _keep(path, compiled)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(compiled))
    engine.finalize_object()
    return MachineCode(engine)


def _kept(path: Path) -> bytes | None:
    """Read an object file whole, or None: half a file, or one that was touched, is compiled anew."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return content[_DIGEST:] if hashlib.sha256(content[_DIGEST:]).digest() == content[:_DIGEST] else None


def _keep(path: Path, compiled: bytes) -> None:
    """Write an object file; a folder that cannot be written costs the next process a compilation, nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with atomic_path(path) as temporary:
            temporary.write_bytes(hashlib.sha256(compiled).digest() + compiled)
    except (OSError, ZhidaError):
        return


def _name(text: str) -> str:
    llvm = _llvm()
    kind = f"{_VERSION} {llvm.llvm_version_info} {llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}\n"
    return hashlib.sha256((kind + text).encode()).hexdigest()[:32]


def _compile(text: str) -> bytes:
    llvm, machine = _llvm(), _target_machine()
    module = llvm.parse_assembly(text)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = True
    options.slp_vectorization = False
    options.loop_unrolling = False
    builder = llvm.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return bytes(machine.emit_object(module))


def _target_machine() -> Any:
    """Describe this processor. An execution engine takes it for its own, so each gets a new one."""
    llvm = _llvm()
    target = llvm.Target.from_triple(llvm.get_process_triple())
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=2,
        jit=True,
        reloc="static",
        codemodel="jitdefault",
    )


@cache
def _llvm() -> Any:
    try:
        from llvmlite import binding
    except ImportError:
        return None
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding
