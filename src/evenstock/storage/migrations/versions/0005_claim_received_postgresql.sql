-- The first waiting event of each source and subject that is due, in the order received; who claims holds the subject
-- until the transaction ends, others pass on to other subjects. After a subject is held its first event is read again:
-- another may have handled it since the loop began.
CREATE FUNCTION claim_received(p_now timestamptz, p_limit integer) RETURNS SETOF received_event LANGUAGE plpgsql AS $$
DECLARE
    subjects CURSOR FOR
        SELECT e.source, e.subject FROM received_event AS e
        WHERE e.handling = 'waiting' AND e.due_at <= p_now AND NOT EXISTS (
            SELECT FROM received_event AS earlier
            WHERE earlier.handling = 'waiting' AND earlier.source = e.source AND earlier.subject = e.subject
                AND earlier.number < e.number
        )
        ORDER BY e.number;
    event received_event;
    given integer := 0;
BEGIN
    IF p_limit <= 0 THEN
        RETURN;
    END IF;
    FOR one IN subjects LOOP
        CONTINUE WHEN NOT pg_try_advisory_xact_lock(
            hashtextextended(one.subject, hashtextextended(one.source, hashtext('evenstock received')))
        );
        SELECT * INTO event FROM received_event AS e
        WHERE e.handling = 'waiting' AND e.source = one.source AND e.subject = one.subject
        ORDER BY e.number LIMIT 1
        FOR UPDATE;
        CONTINUE WHEN NOT FOUND OR event.due_at > p_now;
        RETURN NEXT event;
        given := given + 1;
        EXIT WHEN given >= p_limit;
    END LOOP;
END $$
