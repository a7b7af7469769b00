-- What a durable route must write at the least, as one function over tables of its own: an idempotency row, two guarded
-- updates of stock, two reservations, a decision of 1,000 characters, an outbox row, and an audit row hashed into one of 64
-- chains. Beside it stands what the service does for an order; the ratio of their rates is the service's efficiency.
DROP SCHEMA IF EXISTS full_route CASCADE;
CREATE SCHEMA full_route;
CREATE TABLE full_route.idempotency (key text PRIMARY KEY, request bytea NOT NULL, response text NOT NULL);
CREATE TABLE full_route.stock (
    sku integer, hub integer, on_hand bigint NOT NULL, reserved bigint NOT NULL DEFAULT 0, buffer bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (sku, hub), CHECK (reserved >= 0), CHECK (reserved <= on_hand)
) WITH (fillfactor = 70);
CREATE TABLE full_route.reservation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id text NOT NULL, sku integer NOT NULL, hub integer NOT NULL,
    units bigint NOT NULL, state text NOT NULL, expires_at timestamptz NOT NULL
);
CREATE TABLE full_route.decision (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id text NOT NULL, decided_at timestamptz NOT NULL,
    body text NOT NULL
);
CREATE TABLE full_route.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, aggregate text NOT NULL, kind text NOT NULL, body text NOT NULL,
    delivered_at timestamptz
);
CREATE TABLE full_route.chain (id integer PRIMARY KEY, n bigint NOT NULL, head bytea NOT NULL) WITH (fillfactor = 50);
CREATE TABLE full_route.audit (chain integer, n bigint, hash bytea NOT NULL, body text NOT NULL, PRIMARY KEY (chain, n));

INSERT INTO full_route.stock (sku, hub, on_hand) SELECT s, h, 1000000000 FROM generate_series(0, 9999) AS s, generate_series(0, 9) AS h;
INSERT INTO full_route.chain SELECT c, 0, sha256(c::text::bytea) FROM generate_series(0, 63) AS c;

CREATE FUNCTION full_route.route(p_key text, p_sku_a integer, p_hub_a integer, p_sku_b integer, p_hub_b integer, p_chain integer)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    line text := 'order ' || p_key || ': ' || p_sku_a || ' at ' || p_hub_a || ', ' || p_sku_b || ' at ' || p_hub_b;
    linked full_route.chain;
BEGIN
    INSERT INTO full_route.idempotency VALUES (p_key, sha256(p_key::bytea), line) ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE full_route.stock SET reserved = reserved + 1 WHERE sku = p_sku_a AND hub = p_hub_a AND on_hand - buffer - reserved >= 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'short';
    END IF;
    UPDATE full_route.stock SET reserved = reserved + 1 WHERE sku = p_sku_b AND hub = p_hub_b AND on_hand - buffer - reserved >= 1;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'short';
    END IF;
    INSERT INTO full_route.reservation (order_id, sku, hub, units, state, expires_at) VALUES
        (p_key, p_sku_a, p_hub_a, 1, 'held', now() + interval '1 hour'),
        (p_key, p_sku_b, p_hub_b, 1, 'held', now() + interval '1 hour');
    INSERT INTO full_route.decision (order_id, decided_at, body) VALUES (p_key, now(), rpad(line, 1000, ' because'));
    INSERT INTO full_route.outbox (aggregate, kind, body) VALUES (p_key, 'routed', line);
    UPDATE full_route.chain SET n = n + 1, head = sha256(head || line::bytea) WHERE id = p_chain RETURNING * INTO linked;
    INSERT INTO full_route.audit VALUES (p_chain, linked.n, linked.head, line);
    RETURN true;
END $$;
