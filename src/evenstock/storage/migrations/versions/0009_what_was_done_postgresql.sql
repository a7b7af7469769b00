CREATE TRIGGER audit_row_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_row
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a row of the audit log is never changed or deleted');;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE OR TRUNCATE ON audit_head
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a stream of the audit log is never deleted');;
CREATE TRIGGER audit_head_moves_forward BEFORE UPDATE ON audit_head
FOR EACH ROW WHEN (NEW.stream <> OLD.stream OR NEW.number <= OLD.number)
EXECUTE FUNCTION refuse_change('a stream of the audit log only moves forward');;

-- Appends the rows of one transaction to one stream, in order: the connection's own where it is free, else any that is, so that
-- transactions wait for one another only where more of them end at once than there are streams. Called last before the
-- commit: a stream is held no longer than that takes. A link is the hash of the link before and the row's exact bytes.
CREATE FUNCTION audit_append(p_about text[], p_said text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    own integer := pg_backend_pid() & 15;
    last bigint;
    chained bytea;
    links bytea[];
    moment timestamptz;
    spelled text;
BEGIN
    SELECT h.stream, h.number, h.link INTO own, last, chained
    FROM audit_head AS h WHERE h.stream = own FOR UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        own := pg_backend_pid() & 15;
        SELECT h.stream, h.number, h.link INTO own, last, chained
        FROM audit_head AS h ORDER BY (h.stream - own) & 15 LIMIT 1 FOR UPDATE SKIP LOCKED;
    END IF;
    IF NOT FOUND THEN
        own := pg_backend_pid() & 15;
        SELECT h.number, h.link INTO last, chained FROM audit_head AS h WHERE h.stream = own FOR UPDATE;
    END IF;
    moment := clock_timestamp();
    spelled := to_char(moment AT TIME ZONE 'UTC', ' YYYY-MM-DD"T"HH24:MI:SS.US"Z" ');
    FOR k IN 1 .. cardinality(p_said) LOOP
        chained := sha256('\x00'::bytea || chained || convert_to(own || ' ' || (last + k) || spelled || p_said[k], 'UTF8'));
        links[k] := chained;
    END LOOP;
    INSERT INTO audit_row (stream, number, at, about, said, link)
    SELECT own, last + r.place, moment, r.about, r.said, r.link
    FROM unnest(p_about, p_said, links) WITH ORDINALITY AS r (about, said, link, place);
    UPDATE audit_head SET number = last + cardinality(p_said), link = chained WHERE stream = own;
END $$;;
