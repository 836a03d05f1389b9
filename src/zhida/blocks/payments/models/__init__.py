"""Tables of payments. What must always hold is a constraint of the database, workflow is in the commands.

An amount is positive, a period is paid once, a checker is not the maker, an envelope is not overdrawn, a posting balances
(each row is one debit and one credit of the same amount) and follows exactly one other.
"""

from zhida.blocks.payments.models.bank import AccountStatement, BankAnswer, BankFile, BankFileProblem
from zhida.blocks.payments.models.batches import (
    ApprovalLimit,
    BatchApproval,
    CreditTransferTransaction,
    PaymentFile,
    PaymentInstruction,
    PaymentTotal,
    SampledPayment,
    StandingDigest,
)
from zhida.blocks.payments.models.ledger import BudgetEnvelope, CostShare, LedgerAccount, LedgerClose, LedgerEntry
from zhida.blocks.payments.models.payees import AccountChange, PayeeArrangement
from zhida.blocks.payments.models.recovery import Deduction, Overpayment, RecoveryStep, Repayment
from zhida.blocks.payments.models.returned import HandBooking, ReturnNote

__all__ = [
    "AccountChange",
    "AccountStatement",
    "ApprovalLimit",
    "BankAnswer",
    "BankFile",
    "BankFileProblem",
    "BatchApproval",
    "BudgetEnvelope",
    "CostShare",
    "CreditTransferTransaction",
    "Deduction",
    "HandBooking",
    "LedgerAccount",
    "LedgerClose",
    "LedgerEntry",
    "Overpayment",
    "PayeeArrangement",
    "PaymentFile",
    "PaymentInstruction",
    "PaymentTotal",
    "RecoveryStep",
    "Repayment",
    "ReturnNote",
    "SampledPayment",
    "StandingDigest",
]
