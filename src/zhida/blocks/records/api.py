"""The door of records: contracts and facts, feeds and their quality, snapshots and what is read from them."""

from zhida.blocks.records.commands import confirm_columns, correct_row, receive_feed, receive_folder
from zhida.blocks.records.errors import (
    AreaUnknown,
    ContractInvalid,
    CorrectionRefused,
    DeliveryNotFound,
    FeedNotFound,
    FolderNotAFeed,
    HouseholdNotFound,
    NoResidents,
    NoSnapshot,
    ResidentNotFound,
    RowNotQuarantined,
    SnapshotMissing,
    UnknownField,
    UnknownRecordType,
)
from zhida.blocks.records.facts import facts
from zhida.blocks.records.feed_files import suggested_columns
from zhida.blocks.records.models import Delivery, Snapshot
from zhida.blocks.records.particulars import died_residents, known_on, names_of, sample_residents, snapshot_path
from zhida.blocks.records.quarantine import QuarantinedRow, QuarantinePage, quarantined_row, quarantined_rows
from zhida.blocks.records.queries import deliveries, delivery, quality
from zhida.blocks.records.reading import (
    HouseholdFacts,
    HouseholdTables,
    ResidentCard,
    account_of,
    find_residents,
    household_of,
    household_tables,
    newest_snapshot,
    read_household,
    resident_card,
    snapshot_for,
    snapshots,
)
from zhida.blocks.records.reasons import REASONS
from zhida.blocks.records.record_types import RecordType, record_type, record_types
from zhida.blocks.records.snapshots import freeze_snapshot, link_residents

__all__ = [
    "REASONS",
    "AreaUnknown",
    "ContractInvalid",
    "CorrectionRefused",
    "Delivery",
    "DeliveryNotFound",
    "FeedNotFound",
    "FolderNotAFeed",
    "HouseholdFacts",
    "HouseholdNotFound",
    "HouseholdTables",
    "NoResidents",
    "NoSnapshot",
    "QuarantinePage",
    "QuarantinedRow",
    "RecordType",
    "ResidentCard",
    "ResidentNotFound",
    "RowNotQuarantined",
    "Snapshot",
    "SnapshotMissing",
    "UnknownField",
    "UnknownRecordType",
    "account_of",
    "confirm_columns",
    "correct_row",
    "deliveries",
    "delivery",
    "died_residents",
    "facts",
    "find_residents",
    "freeze_snapshot",
    "household_of",
    "household_tables",
    "known_on",
    "link_residents",
    "names_of",
    "newest_snapshot",
    "quality",
    "quarantined_row",
    "quarantined_rows",
    "read_household",
    "receive_feed",
    "receive_folder",
    "record_type",
    "record_types",
    "resident_card",
    "sample_residents",
    "snapshot_for",
    "snapshot_path",
    "snapshots",
    "suggested_columns",
]
