-- Everything a decision about these items reads, as of one moment (the function is stable: one snapshot for all of it),
-- as lists of rows in the order of the single statements that ask the same.
CREATE FUNCTION look_up(
    p_skus text[], p_days date[], p_now timestamptz,
    OUT balances json, OUT prices json, OUT slots json, OUT capacity_prices json, OUT quotas json, OUT cases text[]
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    SELECT json_agg(json_build_array(
        b.sku, b.node, b.lot, b.available, b.reserved, b.allocated, b.held, b.in_transit, b.shortfall, b.buffer
    )) INTO balances
    FROM (
        SELECT * FROM stock_balance
        WHERE sku = ANY (p_skus) AND available + reserved + allocated + held + in_transit + shortfall + buffer > 0
        ORDER BY sku, node, lot
    ) AS b;
    SELECT json_agg(json_build_array(p.sku, p.node, p.valid_from, p.source, p.cents)) INTO prices
    FROM (
        SELECT DISTINCT ON (sku, node) * FROM price
        WHERE sku = ANY (p_skus) AND valid_from <= p_now
        ORDER BY sku, node, valid_from DESC,
            CASE source WHEN 'repricing' THEN 0 WHEN 'nightly' THEN 1 ELSE 2 END, source DESC
    ) AS p;
    SELECT json_agg(json_build_array(q.sku, q.node, q.order_class, q.units, q.taken)) INTO quotas
    FROM (SELECT * FROM quota WHERE sku = ANY (p_skus) ORDER BY sku, node, order_class) AS q;
    SELECT array_agg(c.body) INTO cases
    FROM (
        SELECT body FROM case_file
        WHERE state = 'open' AND kind IN ('carrier', 'node_down')
        ORDER BY due_at, id
    ) AS c;
    IF cardinality(p_days) > 0 THEN
        SELECT json_agg(json_build_array(s.node, s.day, s.taken)) INTO slots
        FROM (SELECT * FROM slot WHERE day = ANY (p_days) AND taken > 0 ORDER BY node, day) AS s;
        SELECT json_agg(json_build_array(c.scope, c.name, c.day, c.valid_from, c.source, c.cents)) INTO capacity_prices
        FROM (
            SELECT DISTINCT ON (scope, name, day) * FROM capacity_price
            WHERE day = ANY (p_days) AND valid_from <= p_now
            ORDER BY scope, name, day, valid_from DESC,
                CASE source WHEN 'repricing' THEN 0 WHEN 'nightly' THEN 1 ELSE 2 END, source DESC
        ) AS c;
    END IF;
END $$;;

-- An answer about an order: the order as placed (NULL where it is not kept), the decision, facts for others, and the
-- decision's bytes under a key (NULL where nothing is remembered). False, and nothing written, where any of it is there:
-- then the single statements find out whether it says the same.
CREATE FUNCTION keep_answer(
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
        INSERT INTO command (key, request, response, answered_at) VALUES (p_key, p_request, p_record, p_now)
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
