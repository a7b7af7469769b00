-- A record lies in the books once, as a decision: a command whose answer it is says which, after a mark. Other answers are
-- bytes of any kind: what looks like a mark but names no decision is an answer.
CREATE FUNCTION response_of(p_response bytea) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
DECLARE
    mark bytea := '\x00'::bytea || 'decision:'::bytea;
    name bytea := substr(p_response, length(mark) + 1);
BEGIN
    IF substr(p_response, 1, length(mark)) <> mark OR position('\x00'::bytea IN name) > 0 THEN
        RETURN p_response;
    END IF;
    RETURN coalesce(
        (SELECT d.record FROM decision AS d WHERE d.id = convert_from(name, 'LATIN1')), p_response
    );
END $$;;

CREATE OR REPLACE FUNCTION recall_command(wanted text) RETURNS TABLE (request text, response bytea) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('command:' || wanted, 0));
    RETURN QUERY SELECT c.request, response_of(c.response) FROM command AS c WHERE c.key = wanted;
END $$;;

CREATE OR REPLACE FUNCTION keep_answer(
    p_order text, p_body text, p_decision text, p_about text, p_decided_at timestamptz, p_record bytea,
    p_facts text[], p_kinds text[], p_aggregates text[], p_occurred_at timestamptz[], p_bodies text[],
    p_key text, p_request text, p_now timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
BEGIN
    IF p_order IS NOT NULL THEN
        INSERT INTO placed_order (id, body) VALUES (p_order, p_body) ON CONFLICT (id) DO NOTHING;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ES002';
        END IF;
    END IF;
    INSERT INTO decision (id, order_id, decided_at, record) VALUES (p_decision, p_about, p_decided_at, p_record)
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'ES002';
    END IF;
    IF cardinality(p_facts) > 0 THEN
        INSERT INTO outbox (id, kind, aggregate, occurred_at, body)
        SELECT * FROM unnest(p_facts, p_kinds, p_aggregates, p_occurred_at, p_bodies)
        ON CONFLICT (id) DO NOTHING;
        GET DIAGNOSTICS written = ROW_COUNT;
        IF written < cardinality(p_facts) THEN
            RAISE EXCEPTION USING ERRCODE = 'ES002';
        END IF;
    END IF;
    IF p_key IS NOT NULL THEN
        INSERT INTO command (key, request, response, answered_at)
        VALUES (p_key, p_request, '\x00'::bytea || 'decision:'::bytea || convert_to(p_decision, 'UTF8'), p_now)
        ON CONFLICT (key) DO NOTHING;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ES002';
        END IF;
    END IF;
    RETURN true;
EXCEPTION
    WHEN SQLSTATE 'ES002' THEN
        RETURN false;
END $$;;

-- Waits for whoever holds these keys, in their order, and then says which have an answer and what deciding about the items
-- reads: one round trip for many orders. Volatile, so that each of its statements sees what was committed before it.
CREATE FUNCTION recall_and_look(
    p_keys text[], p_skus text[], p_days date[], p_now timestamptz,
    OUT keys text[], OUT requests text[], OUT responses bytea[],
    OUT balances json, OUT prices json, OUT slots json, OUT capacity_prices json, OUT quotas json, OUT cases text[]
) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('command:' || wanted.k, 0))
    FROM (SELECT k FROM unnest(p_keys) AS k ORDER BY k OFFSET 0) AS wanted;
    SELECT array_agg(c.key), array_agg(c.request), array_agg(response_of(c.response))
    INTO keys, requests, responses
    FROM command AS c WHERE c.key = ANY (p_keys);
    SELECT l.balances, l.prices, l.slots, l.capacity_prices, l.quotas, l.cases
    INTO balances, prices, slots, capacity_prices, quotas, cases
    FROM look_up(p_skus, p_days, p_now) AS l;
END $$;;

-- Sets stock aside for many orders and writes their answers down, all of it or nothing. Balances come summed over the orders
-- and in key order, places likewise, each one guarded update: so two that do this at once never wait in a circle. False, and
-- nothing written, where any stock or place is short, a quota stands on an item, or something is there already: then each
-- order goes by itself, which finds out why. Records come as one string, each with where it starts and how long it is.
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
    e_keys text[], e_requests text[], e_responses bytea[], p_now timestamptz
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    written bigint;
    many bigint := cardinality(p_orders);
BEGIN
    IF EXISTS (SELECT FROM quota WHERE sku = ANY (b_skus)) THEN
        RETURN false;
    END IF;
    FOR k IN 1 .. cardinality(b_skus) LOOP
        UPDATE stock_balance
        SET available = available - b_units[k], reserved = reserved + b_units[k]
        WHERE sku = b_skus[k] AND node = b_nodes[k] AND lot = b_lots[k] AND available - buffer >= b_units[k];
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ES003';
        END IF;
    END LOOP;
    FOR k IN 1 .. cardinality(d_nodes) LOOP
        INSERT INTO slot AS s (node, day, ceiling, taken)
        SELECT d_nodes[k], d_days[k], d_ceilings[k], d_places[k]
        WHERE d_places[k] <= d_ceilings[k]
        ON CONFLICT (node, day) DO UPDATE
        SET ceiling = excluded.ceiling, taken = s.taken + excluded.taken
        WHERE s.taken + excluded.taken <= excluded.ceiling;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ES003';
        END IF;
    END LOOP;
    INSERT INTO reservation (id, order_id, made_at, expires_at, state)
    SELECT r.*, 'pending' FROM unnest(p_reservations, p_orders, p_made_at, p_expires_at) AS r
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < many THEN
        RAISE EXCEPTION USING ERRCODE = 'ES003';
    END IF;
    INSERT INTO reservation_line (reservation_id, sku, node, lot, units)
    SELECT * FROM unnest(l_reservations, l_skus, l_nodes, l_lots, l_units);
    IF cardinality(s_nodes) > 0 THEN
        INSERT INTO reservation_slot (reservation_id, node, day, places)
        SELECT * FROM unnest(s_reservations, s_nodes, s_days, s_places);
    END IF;
    INSERT INTO movement (
        id, sku, lot, units, source_node, source_bucket, source_cause,
        destination_node, destination_bucket, destination_cause, occurred_at, recorded_at, because
    )
    SELECT reservation || ':reserved:' || number, sku, lot, units, node, 'available', '', node, 'reserved', '', made_at, made_at,
        reservation
    FROM unnest(l_reservations, l_numbers, l_skus, l_nodes, l_lots, l_units, l_made_at)
        WITH ORDINALITY AS line (reservation, number, sku, node, lot, units, made_at, place)
    ORDER BY place;
    INSERT INTO placed_order (id, body) SELECT * FROM unnest(p_orders, p_bodies) ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < many THEN
        RAISE EXCEPTION USING ERRCODE = 'ES003';
    END IF;
    INSERT INTO decision (id, order_id, decided_at, record)
    SELECT d.id, d.about, d.made_at, substr(p_records, d.start, d.length)
    FROM unnest(p_decisions, p_orders, p_made_at, p_starts, p_lengths) AS d (id, about, made_at, start, length)
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < many THEN
        RAISE EXCEPTION USING ERRCODE = 'ES003';
    END IF;
    INSERT INTO outbox (id, kind, aggregate, occurred_at, body)
    SELECT * FROM unnest(f_ids, f_kinds, f_aggregates, f_occurred_at, f_bodies)
    ON CONFLICT (id) DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < cardinality(f_ids) THEN
        RAISE EXCEPTION USING ERRCODE = 'ES003';
    END IF;
    INSERT INTO command (key, request, response, answered_at)
    SELECT c.key, c.request, '\x00'::bytea || 'decision:'::bytea || convert_to(c.decision, 'UTF8'), p_now
    FROM unnest(p_keys, p_requests, p_decisions) AS c (key, request, decision)
    UNION ALL SELECT e.*, p_now FROM unnest(e_keys, e_requests, e_responses) AS e
    ON CONFLICT (key) DO NOTHING;
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written < many + cardinality(e_keys) THEN
        RAISE EXCEPTION USING ERRCODE = 'ES003';
    END IF;
    RETURN true;
EXCEPTION
    WHEN SQLSTATE 'ES003' THEN
        RETURN false;
END $$;;
