"""Fused kernels: a program lowered to machine code that runs over blocks of whole groups small enough for the processor's cache.

    ranges.py     what values a node can take, so that only what could overflow is watched
    layout.py     which loop computes which node, and what is handed from loop to loop
    assembly.py   text of LLVM's assembly: names, loops, functions
    cells.py      one row's operations in assembly
    members.py    loops between a group and its members
    writing.py    a whole program in assembly
    machine.py    assembly to machine code, kept on disk by its content
    kernel.py     columns in, machine code over them, answers out

What the kernel cannot vouch for (a number beyond what the law's facts can be, a day outside the calendar's table) it does not decide:
it says so, and the same chunk goes through the NumPy kernels, which are exact for every number or refuse.
"""
