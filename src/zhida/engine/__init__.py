"""The policy compiler. Rules written as Python functions become a graph; the graph pays a city and explains itself to one household.

    pack text ── definitions, parameters ──► load_law ──► Law (recorded once, checked, named by its content)
    Law ── program(month) ──► Program (wordings and numbers of that month, one graph for all benefits)
    Program ── evaluate(Batch) ──► status, amount, occasion and missing facts of every row    vector, kernels, member_kernels, blame
    Program ── explain(HouseholdFacts) ──► the same answers with steps, sources and changes   scalar, scalar_code, trace, changes,
                                                                                                advice, wording
    A household stands here for any root of a tree of entities: an employer, a building, a course (``Batch.from_tables``, ``RootFacts``).

Read in this order: ``entities`` (tables and facts), ``symbols``, ``expressions`` and ``functions`` (the words of a formula),
``definitions`` (@variable, @benefit), ``parameters`` and ``references`` (numbers of the law), ``law`` (loading and checking),
``guards`` (no division by zero), ``program`` and ``tables`` (lowering for a month).

**Numbers are exact.** A number is an int64 with a fixed number of decimals, known before anything runs: money has 0 (whole fen), a rate as
many as its parameter writes, a sum the larger of its parts, a product the sum of both but at most 6 (then rounded half up), a quotient 6
(half up). Half up means towards the larger number, also below zero. What leaves int64 is an error with the formula's line, never a wrong
amount. A benefit must end in whole units: ``round_half_up``, ``round_up`` or ``round_down``.

**Units are checked** when a formula is recorded: fen + month is refused, fen/month * month is fen. 0 is zero of any unit; 1 is one of
anything but money; every other number belongs into ``parameters/``.

**Unknown is a value.** A missing fact makes unknown only what it can change (Kleene's logic); each unknown answer names the facts it waits
for. An answer that is decided while facts are missing stays the same whatever they turn out to be, unless the rule asks ``is_known``.

**A month decides.** Wordings (``from_date``), numbers (``from``) and benefits (``in_force``) apply when they are in force on the first day
of the month; ``law.x.on(day)`` asks for another day. ``as_of`` leaves out what was published later.

**Two evaluators, written apart.** Property tests hold that they agree on every node of random graphs, with gaps, for any cut into batches.
"""
