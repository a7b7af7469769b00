-- As keep_together, as one whole transaction: what it did is a row of the audit log, and whoever asks meanwhile under the same
-- keys waits, as he would for a single order. Keys come first, in their order: whoever holds stock waits for no key.
CREATE FUNCTION keep_together(
    p_orders text[], p_bodies text[], p_decisions text[], p_reservations text[],
    p_made_at timestamptz[], p_expires_at timestamptz[], p_keys text[], p_requests text[],
    p_records bytea, p_starts integer[], p_lengths integer[],
    b_skus text[], b_nodes text[], b_lots text[], b_units bigint[],
    l_reservations text[], l_numbers integer[], l_skus text[], l_nodes text[], l_lots text[], l_units bigint[],
    l_made_at timestamptz[],
    d_nodes text[], d_days date[], d_ceilings integer[], d_places integer[],
    s_reservations text[], s_nodes text[], s_days date[], s_places integer[],
    f_ids text[], f_kinds text[], f_aggregates text[], f_occurred_at timestamptz[], f_bodies text[],
    e_keys text[], e_requests text[], e_responses bytea[], p_now timestamptz,
    a_about text[], a_said text[]
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('command:' || held.key, 0))
    FROM (SELECT DISTINCT k.key FROM unnest(p_keys || e_keys) AS k (key) ORDER BY k.key) AS held;
    IF NOT keep_together(
        p_orders, p_bodies, p_decisions, p_reservations, p_made_at, p_expires_at, p_keys, p_requests, p_records,
        p_starts, p_lengths, b_skus, b_nodes, b_lots, b_units, l_reservations, l_numbers, l_skus, l_nodes, l_lots,
        l_units, l_made_at, d_nodes, d_days, d_ceilings, d_places, s_reservations, s_nodes, s_days, s_places, f_ids,
        f_kinds, f_aggregates, f_occurred_at, f_bodies, e_keys, e_requests, e_responses, p_now
    ) THEN
        RETURN false;
    END IF;
    IF cardinality(a_said) > 0 THEN
        PERFORM audit_append(a_about, a_said);
    END IF;
    RETURN true;
END $$;;
