"""The statements of ``differences``: decisions read and numbered, compared with what stands, and made into payments. DuckDB's SQL.

Tables, in the order in which they come about: kinds, decided, instructed, arranged, had, recovered, batches → compared → due → new.
"""

from __future__ import annotations

from zhida.blocks.payments.rules import ACCOUNT_SHARED_BY, BIG_CHANGE_TIMES, ORGANISATION, Risk
from zhida.blocks.payments.sharing import share_columns

ONCE = "once:"
# The period key of a row of a kind, and how a key falls into period and occasion.
KEY = "CASE WHEN occasion = '' THEN period ELSE occasion END"


def period_of(row: str) -> str:
    return f"CASE WHEN {row}.period_key LIKE '{ONCE}%' THEN '{ONCE}' ELSE {row}.period_key END"


def occasion_of(row: str) -> str:
    return f"CASE WHEN {row}.period_key LIKE '{ONCE}%' THEN {row}.period_key ELSE '' END"


def kind_of(row: str) -> str:
    """Return the condition under which a row belongs to the kind ``k``."""
    return f"k.benefit = {row}.benefit AND k.period = {period_of(row)}"


PAYEE_KEY = f"CASE WHEN payee_no = 0 THEN '{ORGANISATION}' || organisation ELSE CAST(payee_no AS VARCHAR) END"

# period: all occasions of a benefit that is paid once are one kind; the occasion itself stays with the row.
READ = f"""
CREATE VIEW read AS
SELECT CAST(benefit AS VARCHAR) AS benefit, CASE WHEN period_key LIKE '{ONCE}%' THEN '{ONCE}' ELSE period_key END AS period,
       CASE WHEN period_key LIKE '{ONCE}%' THEN period_key ELSE '' END AS occasion, entity_no, household_no, payee_no,
       CASE WHEN payee_no = 0 THEN coalesce(payee_organisation, '') ELSE '' END AS organisation,
       CASE WHEN status = 1 THEN amount ELSE 0 END AS amount_fen, status = 2 AS is_unknown, district, community
FROM read_parquet({{path}})
WHERE unit = 'fen' AND (status = 2 OR (status = 1 AND amount >= {{least}}))
"""
KINDS = """
CREATE TABLE kinds AS SELECT CAST(row_number() OVER (ORDER BY benefit, period) AS INTEGER) AS kind, benefit, period
FROM (SELECT DISTINCT benefit, period FROM read)
"""
DECIDED = """
CREATE TABLE decided AS SELECT kind, occasion, entity_no, household_no, payee_no, organisation, amount_fen, is_unknown, district, community
FROM read JOIN kinds USING (benefit, period)
"""
DOUBLED = f"""
SELECT benefit, {KEY}, entity_no FROM decided JOIN kinds USING (kind)
GROUP BY ALL HAVING count(*) > 1 LIMIT 1
"""
DIGESTS = """
SELECT benefit, period, concat_ws(':', count(*), sum(amount_fen),
       sum(hash(occasion, entity_no, payee_no, organisation, amount_fen, is_unknown)),
       sum(hash(amount_fen, organisation, is_unknown, occasion, payee_no, entity_no)))
FROM decided JOIN kinds USING (kind) GROUP BY ALL
"""

# Money that stands for a period: everything but what was closed, and what is stuck for somebody who is no longer the payee, or is
# not due any more: nobody had it, so nobody is asked to give it back. Unknown takes nothing away, nor does a row that waits.
# Where nothing is decided any more and more came back than was had, it is due to whoever brought it back.
COMPARED = f"""
CREATE TABLE compared AS
WITH numbered AS (
    SELECT i.* EXCLUDE (benefit, period_key), k.kind, {occasion_of("i")} AS occasion
    FROM instructed i JOIN kinds k ON {kind_of("i")}
), arranged_entity AS (
    SELECT DISTINCT kind, entity_no FROM arranged
), standing AS (
    SELECT i.*, i.state IN ($held, $rejected, $returned) AND a.entity_no IS NULL AS is_stuck, b.month,
           d.entity_no IS NOT NULL AND NOT d.is_unknown AND d.payee_key <> i.payee_key AS is_anothers,
           sum(i.gross_fen) FILTER (i.state NOT IN ($reissued, $cancelled)) OVER (PARTITION BY i.kind, i.occasion, i.entity_no)
           - coalesce(r.recovered_fen, 0) > coalesce(d.amount_fen, 0) AND NOT coalesce(d.is_unknown, FALSE)
           AND (d.entity_no IS NOT NULL OR (w.household_no IS NULL AND NOT (i.occasion <> '' AND b.month <> $month))) AS is_less
    FROM numbered i
    LEFT JOIN recovered r USING (kind, occasion, entity_no) LEFT JOIN waiting w ON w.household_no = i.household_no
    LEFT JOIN (SELECT *, {PAYEE_KEY} AS payee_key
               FROM decided) d USING (kind, occasion, entity_no)
    LEFT JOIN arranged_entity a USING (kind, entity_no) LEFT JOIN batches b USING (batch_id)
), sums AS (
    SELECT kind, occasion, entity_no, max(revision) AS revision, max_by(payee_key, id) AS payee_key, max_by(community, id) AS community,
           max_by(district, id) AS district, max_by(household_no, id) AS household_no, max_by(month, id) AS month,
           CAST(coalesce(sum(gross_fen) FILTER (NOT (is_stuck AND (is_anothers OR is_less)) AND state NOT IN ($reissued, $cancelled)), 0)
                AS BIGINT) AS instructed_fen,
           CAST(coalesce(sum(gross_fen) FILTER (state = 'given_up'), 0) AS BIGINT) AS given_up_fen,
           list(id) FILTER (is_stuck AND is_anothers) AS freed, list(id) FILTER (is_stuck AND is_less AND NOT is_anothers) AS dropped
    FROM standing GROUP BY ALL
)
SELECT coalesce(d.kind, s.kind) AS kind, coalesce(d.occasion, s.occasion) AS occasion, coalesce(d.entity_no, s.entity_no) AS entity_no,
       CASE WHEN d.kind IS NOT NULL THEN d.payee_no WHEN r.debtor_key LIKE '{ORGANISATION}%' THEN 0
            ELSE TRY_CAST(r.debtor_key AS BIGINT) END AS payee_no,
       CASE WHEN d.kind IS NOT NULL THEN d.organisation WHEN r.debtor_key LIKE '{ORGANISATION}%'
            THEN substr(r.debtor_key, {len(ORGANISATION) + 1}) ELSE '' END AS organisation,
       coalesce(d.household_no, s.household_no) AS household_no, s.payee_key AS paid_payee_key,
       coalesce(d.district, s.district) AS district, coalesce(d.community, s.community) AS community, s.month,
       coalesce(d.amount_fen, 0) AS decided_fen, coalesce(s.instructed_fen, 0) AS instructed_fen,
       coalesce(s.given_up_fen, 0) AS given_up_fen, coalesce(r.recovered_fen, 0) AS recovered_fen,
       coalesce(s.revision + 1, 0) AS revision, coalesce(d.is_unknown, FALSE) AS is_unknown, d.kind IS NULL AS is_ended, s.freed, s.dropped
FROM decided d FULL JOIN sums s USING (kind, occasion, entity_no)
LEFT JOIN recovered r ON r.kind = coalesce(d.kind, s.kind) AND r.occasion = coalesce(d.occasion, s.occasion)
          AND r.entity_no = coalesce(d.entity_no, s.entity_no)
"""
# Where nothing of these periods was instructed before, which is every payday's common case, there is nothing to join.
ALL_NEW = """
CREATE TABLE compared AS
SELECT kind, occasion, entity_no, payee_no, organisation, household_no, CAST(NULL AS VARCHAR) AS paid_payee_key, district, community,
       CAST(NULL AS VARCHAR) AS month, amount_fen AS decided_fen, CAST(0 AS BIGINT) AS instructed_fen, CAST(0 AS BIGINT) AS given_up_fen,
       CAST(0 AS BIGINT) AS recovered_fen,
       CAST(0 AS INTEGER) AS revision, is_unknown, FALSE AS is_ended, CAST(NULL AS BIGINT[]) AS freed, CAST(NULL AS BIGINT[]) AS dropped
FROM decided
"""

# What each payee is due: whom the decision names, or those of an arrangement by their shares, less what each has had.
DUE = f"""
CREATE TABLE due AS
WITH owed AS (
    SELECT c.*, decided_fen - instructed_fen + recovered_fen AS due_fen FROM compared c WHERE decided_fen > instructed_fen - recovered_fen
), single AS (
    SELECT kind, occasion, entity_no, payee_no, organisation, household_no, due_fen AS gross_fen, revision, district, community
    FROM owed ANTI JOIN arranged USING (kind, entity_no)
), shared AS (
    SELECT o.*, a.payee_key AS to_key, a.place,
           CASE WHEN a.is_last THEN decided_fen - coalesce(sum(decided_fen * a.share_bp // 10000) OVER before, 0)
                ELSE decided_fen * a.share_bp // 10000 END AS target_fen
    FROM owed o JOIN arranged a USING (kind, entity_no)
    WINDOW before AS (PARTITION BY kind, occasion, o.entity_no ORDER BY a.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
), wanted AS (
    SELECT s.*, greatest(target_fen - coalesce(h.had_fen, 0), 0) AS wanted_fen
    FROM shared s LEFT JOIN had h ON h.kind = s.kind AND h.occasion = s.occasion AND h.entity_no = s.entity_no AND h.payee_key = s.to_key
), given AS (
    SELECT *, least(wanted_fen, greatest(due_fen - coalesce(sum(wanted_fen) OVER (
        PARTITION BY kind, occasion, entity_no ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0), 0)) AS given_fen
    FROM wanted
)
SELECT * FROM single WHERE gross_fen > 0
UNION ALL
SELECT kind, occasion, entity_no, CASE WHEN to_key LIKE '{ORGANISATION}%' THEN 0 ELSE CAST(to_key AS BIGINT) END,
       CASE WHEN to_key LIKE '{ORGANISATION}%' THEN substr(to_key, {len(ORGANISATION) + 1}) ELSE '' END, household_no,
       CAST(given_fen AS BIGINT), revision, district, community
FROM given WHERE given_fen > 0
"""

# One row per payment to be. A debt keeps back a share of each payment to its payee, until it is paid.
NEW = f"""
CREATE TABLE new AS
WITH keyed AS (
    SELECT d.*, {PAYEE_KEY} AS payee_key FROM due d
), with_account AS (
    SELECT k.*, coalesce(a.account_no, o.account_no, '') AS account_no, coalesce(a.bank_code, o.bank_code, '') AS bank_code,
           x.resident_no IS NOT NULL AS has_died, m.resident_no IS NOT NULL AS has_moved, h.resident_no IS NOT NULL AS is_over_100,
           l.payee_no IS NULL AND $has_history AS is_new, l.account_no AS last_account_no, e.amount_fen AS last_fen
    FROM keyed k LEFT JOIN accounts a ON a.resident_no = k.payee_no LEFT JOIN organisation_accounts o ON o.payee_key = k.payee_key
    LEFT JOIN died x ON x.resident_no = k.payee_no LEFT JOIN moved m ON m.resident_no = k.payee_no
    LEFT JOIN over_100 h ON h.resident_no = k.payee_no LEFT JOIN last_account l ON l.payee_no = k.payee_no AND k.payee_no <> 0
    LEFT JOIN last_amount e ON e.kind_benefit = k.kind AND e.entity_no = k.entity_no
), capped AS (
    SELECT w.*, CASE WHEN b.payee_key IS NULL THEN 0 ELSE least(gross_fen * b.limit_bp // 10000, gross_fen - 1) END AS cap_fen, b.open_fen
    FROM with_account w LEFT JOIN debts b ON b.payee_key = w.payee_key
), deducted AS (
    SELECT *, CASE WHEN open_fen IS NULL THEN 0 ELSE greatest(least(cap_fen, open_fen - coalesce(sum(cap_fen) OVER (
        PARTITION BY payee_key ORDER BY kind, occasion, entity_no, revision ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)), 0) END
        AS deducted_fen
    FROM capped WHERE open_fen IS NOT NULL
    UNION ALL SELECT *, 0 FROM capped WHERE open_fen IS NULL
), judged AS (
    SELECT d.*, CASE WHEN has_died THEN 'payee_died' WHEN has_moved THEN 'payee_moved'
        WHEN d.account_no = '' THEN CASE WHEN payee_no = 0 THEN 'no_organisation_account' ELSE 'no_account' END
        WHEN c.state = 'refused' THEN 'account_refused'
        WHEN last_account_no <> d.account_no
             AND (c.state IS NULL OR (c.state = 'waiting' AND c.hold_until > $today)) THEN 'account_cooling_off'
        ELSE '' END AS reason_code
    FROM deducted d LEFT JOIN account_changes c
    ON c.payee_key = d.payee_key AND c.account_before = d.last_account_no AND c.account_now = d.account_no
)
SELECT kind, occasion, entity_no, payee_key, revision, payee_no, household_no, CAST(gross_fen - deducted_fen AS BIGINT) AS amount_fen,
       CAST(deducted_fen AS BIGINT) AS deducted_fen, last_account_no, account_no AS account_now,
       CASE WHEN reason_code IN ('', 'payee_died') THEN account_no ELSE '' END AS account_no, bank_code,
       CASE WHEN reason_code = '' THEN 'instructed' ELSE 'held' END AS state, reason_code,
       CAST(CASE WHEN is_new THEN {int(Risk.NEW_PAYEE)} ELSE 0 END
            + CASE WHEN revision = 0 AND last_fen IS NOT NULL
            AND (gross_fen > last_fen * {BIG_CHANGE_TIMES} OR gross_fen * {BIG_CHANGE_TIMES} < last_fen)
                   THEN {int(Risk.BIG_CHANGE)} ELSE 0 END
            + CASE WHEN is_over_100 THEN {int(Risk.OVER_100)} ELSE 0 END
            + CASE WHEN revision > 0 THEN {int(Risk.DIFFERENCE)} ELSE 0 END AS SMALLINT) AS risk,
       CAST(district AS INTEGER) AS district, community
FROM judged
"""
SHARED = f"""
UPDATE new SET risk = risk + {int(Risk.SHARED_ACCOUNT)} WHERE state = 'instructed' AND payee_no <> 0 AND account_no IN (
    SELECT account_no FROM new WHERE state = 'instructed' AND payee_no <> 0 AND hash(account_no) IN (
        SELECT h FROM (SELECT DISTINCT hash(account_no) AS h, payee_no FROM new WHERE state = 'instructed' AND payee_no <> 0)
        GROUP BY h HAVING count(*) >= {ACCOUNT_SHARED_BY}))
"""
# Without a number: they are counted as they leave, which a window over millions would only repeat.
TO_PAY = f"""
SELECT CAST($batch AS BIGINT) AS batch_id, benefit, {KEY} AS period_key, entity_no, payee_key,
       CAST(revision AS INTEGER) AS revision, payee_no, household_no, amount_fen, deducted_fen, 'bank' AS channel, account_no, bank_code,
       state, reason_code, risk, district, community
FROM new JOIN kinds USING (kind) ORDER BY kind, occasion, entity_no, payee_key
"""
SUMS = f"""
SELECT benefit, district, state, count(*), CAST(sum(amount_fen) AS BIGINT), CAST(sum(central_fen) AS BIGINT),
       CAST(sum(province_fen) AS BIGINT),
       CAST(sum(city_fen) AS BIGINT), CAST(sum(district_fen) AS BIGINT)
FROM (SELECT benefit, district, state, amount_fen, {share_columns("amount_fen", "//")}
      FROM new JOIN kinds USING (kind) JOIN shares USING (benefit))
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
# What the run has an answer for: an unknown is none, nor is a row that waits, nor a one-off that another month's run found. Of what
# was ever instructed: where all of it came back, there is nothing left to owe. What was given up nobody had, so nobody owes it.
ANSWERED = f"""
CREATE VIEW answered AS
SELECT benefit, {KEY} AS period_key, entity_no, paid_payee_key AS payee_key, community, district,
       instructed_fen - given_up_fen AS instructed_fen, decided_fen
FROM compared JOIN kinds USING (kind) LEFT JOIN waiting USING (household_no)
WHERE revision > 0 AND NOT is_unknown
AND NOT (is_ended AND (waiting.household_no IS NOT NULL OR (occasion LIKE '{ONCE}%' AND month <> {{month}})))
"""
