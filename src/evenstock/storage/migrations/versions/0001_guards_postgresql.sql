-- What was recorded stays; a correction is a new row.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = TG_ARGV[0];
END $$;;
CREATE TRIGGER movement_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON movement
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a movement is never changed or deleted; record a reversal');;
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON decision
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a decision is never changed or deleted');;
CREATE TRIGGER reservation_line_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON reservation_line
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a line of a reservation is never changed or deleted');;
CREATE TRIGGER reservation_no_delete BEFORE DELETE OR TRUNCATE ON reservation
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a reservation is never deleted; settle it');;

-- The life of a reservation: pending, then posted, voided or expired, once.
CREATE TRIGGER reservation_starts_pending BEFORE INSERT ON reservation
FOR EACH ROW WHEN (NEW.state <> 'pending')
EXECUTE FUNCTION refuse_change('a reservation starts pending');;
CREATE TRIGGER reservation_settles_once BEFORE UPDATE ON reservation
FOR EACH ROW WHEN (NOT (
    OLD.state = 'pending' AND NEW.state <> 'pending'
    AND NEW.id = OLD.id AND NEW.order_id = OLD.order_id
    AND NEW.made_at = OLD.made_at AND NEW.expires_at = OLD.expires_at
))
EXECUTE FUNCTION refuse_change('a pending reservation is settled once; nothing else of it changes');;

-- The answer a command got before, after waiting for whoever holds its key now. Two statements on purpose: the second
-- sees what the holder committed.
CREATE FUNCTION recall_command(wanted text) RETURNS TABLE (request text, response bytea) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('command:' || wanted, 0));
    RETURN QUERY SELECT c.request, c.response FROM command AS c WHERE c.key = wanted;
END $$;;

-- Sets stock aside, all lines and slots or none, in one round trip. Lines arrive merged and sorted by (sku, node, lot),
-- slots by (node, day): so two orders never wait for each other in a circle. Each is one guarded update, never a read
-- before a write. Returns 0 when done, k if line k is short, -k if slot k is full, NULL if the reservation exists.
-- A loser leaves no trace: the exception block is a savepoint, which also lets its locks go.
CREATE FUNCTION reserve_stock(
    p_id text, p_order text, p_made_at timestamptz, p_expires_at timestamptz,
    p_skus text[], p_nodes text[], p_lots text[], p_units bigint[],
    p_slot_nodes text[], p_slot_days date[], p_slot_ceilings integer[], p_slot_places integer[]
) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    step integer := 0;
BEGIN
    INSERT INTO reservation (id, order_id, made_at, expires_at, state)
    VALUES (p_id, p_order, p_made_at, p_expires_at, 'pending')
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    FOR k IN 1 .. cardinality(p_skus) LOOP
        step := k;
        UPDATE stock_balance
        SET available = available - p_units[k], reserved = reserved + p_units[k]
        WHERE sku = p_skus[k] AND node = p_nodes[k] AND lot = p_lots[k] AND available - buffer >= p_units[k];
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'ES001';
        END IF;
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
