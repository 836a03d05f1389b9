"""What items bring about. Each effect of each item happens once: its row's key says whether it has.

Inside effects (a decision, a payment that is due, a row of a register, a certificate, a notice) are rows of this database and are written
in the transaction that moves the case. Outside ones (a department's system) are only written down; ``working.py`` carries them out.
"""

from zhida.blocks.cases.effects.carrying import Made, carry_out, is_touched, undo_effects, undone_by_hand

__all__ = ["Made", "carry_out", "is_touched", "undo_effects", "undone_by_hand"]
