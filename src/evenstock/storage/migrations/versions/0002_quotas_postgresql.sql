-- Sets stock aside as before, and keeps what is protected for other classes of customers.
--
-- Without quotas for its items an order pays one look at an empty index, and its guarded updates are the same as before.
-- With them, the quotas of its items are locked first, in (sku, node, order class) order, and balances after: whoever
-- settles or sets quotas does the same, so nobody waits in a circle, and orders for one item at one node take turns. A
-- quota is over all lots: after the lines of an item at a node are taken, what is left of it there to promise, over its
-- lots, must still cover what is left of the other classes' quotas.
-- Returns 0 when done, k if line k is short, 1000000 + k if line k would take what is kept for others, -k if slot k is
-- full, NULL if the reservation exists.
DROP FUNCTION reserve_stock(
    text, text, timestamptz, timestamptz, text[], text[], text[], bigint[], text[], date[], integer[], integer[]
);;
CREATE FUNCTION reserve_stock(
    p_id text, p_order text, p_made_at timestamptz, p_expires_at timestamptz,
    p_skus text[], p_nodes text[], p_lots text[], p_units bigint[],
    p_slot_nodes text[], p_slot_days date[], p_slot_ceilings integer[], p_slot_places integer[],
    p_class text DEFAULT '', p_may_take_protected boolean DEFAULT false
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    step integer := 0;
    lines integer := cardinality(p_skus);
    guarded boolean;
    wanted bigint := 0;
    own bigint;
    kept bigint;
BEGIN
    INSERT INTO reservation (id, order_id, made_at, expires_at, state)
    VALUES (p_id, p_order, p_made_at, p_expires_at, 'pending')
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    guarded := EXISTS (SELECT FROM quota WHERE sku = ANY (p_skus));
    IF guarded THEN
        -- Those of its items at its nodes: perhaps a few more than its lines need, found by the index alone.
        PERFORM 1 FROM quota
        WHERE sku = ANY (p_skus) AND node = ANY (p_nodes)
        ORDER BY sku, node, order_class
        FOR UPDATE;
    END IF;
    FOR k IN 1 .. lines LOOP
        step := k;
        UPDATE stock_balance
        SET available = available - p_units[k], reserved = reserved + p_units[k]
        WHERE sku = p_skus[k] AND node = p_nodes[k] AND lot = p_lots[k] AND available - buffer >= p_units[k];
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ES001';
        END IF;
        CONTINUE WHEN NOT guarded;
        wanted := wanted + p_units[k];
        CONTINUE WHEN k < lines AND p_skus[k + 1] = p_skus[k] AND p_nodes[k + 1] = p_nodes[k];
        SELECT coalesce(sum(units - taken) FILTER (WHERE order_class <> p_class), 0),
            least(wanted, coalesce(sum(units - taken) FILTER (WHERE order_class = p_class), 0))
        INTO kept, own
        FROM quota WHERE sku = p_skus[k] AND node = p_nodes[k];
        IF kept > 0 AND NOT p_may_take_protected AND kept > (
            SELECT sum(greatest(available - buffer, 0)) FROM stock_balance WHERE sku = p_skus[k] AND node = p_nodes[k]
        ) THEN
            step := 1000000 + k;
            RAISE EXCEPTION USING ERRCODE = 'ES001';
        END IF;
        IF own > 0 THEN
            UPDATE quota SET taken = taken + own
            WHERE sku = p_skus[k] AND node = p_nodes[k] AND order_class = p_class;
            INSERT INTO reservation_quota (reservation_id, sku, node, order_class, units)
            VALUES (p_id, p_skus[k], p_nodes[k], p_class, own);
        END IF;
        wanted := 0;
    END LOOP;
    FOR k IN 1 .. cardinality(p_slot_nodes) LOOP
        step := -k;
        INSERT INTO slot AS s (node, day, ceiling, taken)
        SELECT p_slot_nodes[k], p_slot_days[k], p_slot_ceilings[k], p_slot_places[k]
        WHERE p_slot_places[k] <= p_slot_ceilings[k]
        ON CONFLICT (node, day) DO UPDATE
        SET ceiling = excluded.ceiling, taken = s.taken + excluded.taken
        WHERE s.taken + excluded.taken <= excluded.ceiling;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ES001';
        END IF;
        INSERT INTO reservation_slot (reservation_id, node, day, places)
        VALUES (p_id, p_slot_nodes[k], p_slot_days[k], p_slot_places[k]);
    END LOOP;
    INSERT INTO reservation_line (reservation_id, sku, node, lot, units)
    SELECT p_id, line.* FROM unnest(p_skus, p_nodes, p_lots, p_units) AS line;
    INSERT INTO movement (
        id, sku, lot, units, source_node, source_bucket, source_cause,
        destination_node, destination_bucket, destination_cause, occurred_at, recorded_at, because
    )
    SELECT p_id || ':reserved:' || k, sku, lot, units, node, 'available', '', node, 'reserved', '', p_made_at, p_made_at, p_id
    FROM unnest(p_skus, p_nodes, p_lots, p_units) WITH ORDINALITY AS line (sku, node, lot, units, k)
    ORDER BY k;
    RETURN 0;
EXCEPTION
    WHEN SQLSTATE 'ES001' THEN
        RETURN step;
END $$;;
