CREATE FUNCTION approval_refused(why text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'restrict_violation', MESSAGE = why;
END $$;;

CREATE TRIGGER approval_request_begins_open BEFORE INSERT ON approval_request
FOR EACH ROW WHEN (NEW.state <> 'open' OR NEW.escalated_to <> '' OR NEW.closed_at IS NOT NULL)
EXECUTE FUNCTION refuse_change('an approval request begins open');;
CREATE TRIGGER approval_request_no_delete BEFORE DELETE OR TRUNCATE ON approval_request
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('an approval request is never deleted; void it');;

-- The steps of a request. Its row is locked by the update, and a vote locks it too: none is cast while they are counted.
CREATE FUNCTION approval_request_step() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    late boolean := OLD.expires_at <= clock_timestamp();
    agree bigint := (SELECT count(*) FROM approval_vote AS v WHERE v.request = OLD.id AND v.says = 'approve' AND v.digest = OLD.digest);
    refuse bigint := (SELECT count(*) FROM approval_vote AS v WHERE v.request = OLD.id AND v.says <> 'approve');
BEGIN
    IF (NEW.id, NEW.action, NEW.about, NEW.digest, NEW.proposer, NEW.role, NEW.cents, NEW.people, NEW.opened_at, NEW.due_at,
        NEW.expires_at, NEW.body)
        IS DISTINCT FROM
        (OLD.id, OLD.action, OLD.about, OLD.digest, OLD.proposer, OLD.role, OLD.cents, OLD.people, OLD.opened_at, OLD.due_at,
        OLD.expires_at, OLD.body) THEN
        PERFORM approval_refused('nothing of an approval request changes but its state');
    END IF;
    IF OLD.state NOT IN ('open', 'approved') THEN
        PERFORM approval_refused('a closed approval request is final');
    END IF;
    IF NEW.escalated_to <> OLD.escalated_to AND NOT (
        OLD.escalated_to = '' AND OLD.state = 'open' AND NEW.state = 'open' AND OLD.due_at <= clock_timestamp()
    ) THEN
        PERFORM approval_refused('an approval request is escalated once, while it is open, after its deadline');
    END IF;
    IF NOT (
        (OLD.state = 'open' AND NEW.state = 'open')
        OR NEW.state = 'voided'
        OR (NEW.state = 'expired' AND late)
        OR (OLD.state = 'open' AND NEW.state = 'refused' AND refuse > 0)
        OR (((OLD.state = 'open' AND NEW.state = 'approved') OR (OLD.state = 'approved' AND NEW.state = 'executed'))
            AND NOT late AND refuse = 0 AND agree >= OLD.people)
    ) THEN
        PERFORM approval_refused('an approval request cannot take this step');
    END IF;
    NEW.closed_at := CASE WHEN NEW.state IN ('open', 'approved') THEN NULL ELSE clock_timestamp() END;
    RETURN NEW;
END $$;;
CREATE TRIGGER approval_request_steps BEFORE UPDATE ON approval_request
FOR EACH ROW EXECUTE FUNCTION approval_request_step();;

-- A vote counts once, for the content it names, while the request is open and by this database's clock in time.
CREATE FUNCTION approval_vote_counts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked record;
BEGIN
    SELECT r.state, r.expires_at, r.digest, r.proposer INTO asked FROM approval_request AS r WHERE r.id = NEW.request FOR UPDATE;
    IF NOT FOUND OR asked.state <> 'open' THEN
        PERFORM approval_refused('a vote is cast on an open approval request');
    END IF;
    NEW.at := clock_timestamp();
    IF NEW.at >= asked.expires_at THEN
        PERFORM approval_refused('the approval request has expired');
    END IF;
    IF NEW.digest <> asked.digest THEN
        PERFORM approval_refused('a vote names the content that the approval request asks for');
    END IF;
    IF asked.proposer IN (NEW.person, NEW.voter) THEN
        PERFORM approval_refused('who proposed it does not decide about it');
    END IF;
    IF EXISTS (
        SELECT 1 FROM approval_vote AS v WHERE v.request = NEW.request
            AND (v.person IN (NEW.person, NEW.voter) OR v.voter IN (NEW.person, NEW.voter))
    ) THEN
        PERFORM approval_refused('one person has one vote');
    END IF;
    RETURN NEW;
END $$;;
CREATE TRIGGER approval_vote_counts BEFORE INSERT ON approval_vote
FOR EACH ROW EXECUTE FUNCTION approval_vote_counts();;
CREATE TRIGGER approval_vote_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approval_vote
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('a vote is never changed or deleted');;
