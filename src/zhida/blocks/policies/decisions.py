"""Rows of decisions, as every run writes them. Made on the engine's floor, so that workers without Django make the same rows."""

from zhida.engine.decisions import (
    ADULT_AGE,
    AGE_BANDS,
    ENTITLED,
    ENTITY_KINDS,
    ONE_OFF,
    SCHEMA,
    UNKNOWN,
    Chunk,
    age_on,
    columns_read,
    decision_table,
    identity_columns,
    occasion_text,
    period_key,
    recurring_keys,
)

__all__ = [
    "ADULT_AGE",
    "AGE_BANDS",
    "ENTITLED",
    "ENTITY_KINDS",
    "ONE_OFF",
    "SCHEMA",
    "UNKNOWN",
    "Chunk",
    "age_on",
    "columns_read",
    "decision_table",
    "identity_columns",
    "occasion_text",
    "period_key",
    "recurring_keys",
]
