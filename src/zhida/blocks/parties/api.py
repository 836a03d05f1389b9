"""The door of parties: the register of residents, and who turned out to be one person."""

from zhida.blocks.parties.commands import merge_residents, undo_merge
from zhida.blocks.parties.errors import MergeImpossible, MergeNotFound
from zhida.blocks.parties.linkage import Linked, find_duplicates
from zhida.blocks.parties.queries import count_proposed_merges, merged_numbers, merges
from zhida.blocks.parties.register import register_path, resident_no_of, update_register

__all__ = [
    "Linked",
    "MergeImpossible",
    "MergeNotFound",
    "count_proposed_merges",
    "find_duplicates",
    "merge_residents",
    "merged_numbers",
    "merges",
    "register_path",
    "resident_no_of",
    "undo_merge",
    "update_register",
]
