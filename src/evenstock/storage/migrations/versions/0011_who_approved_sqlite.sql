-- A request begins open, and its id is its own for ever. What an INSERT OR REPLACE would take away is refused before.
CREATE TRIGGER approval_request_begins_open BEFORE INSERT ON approval_request
BEGIN
    SELECT RAISE(ABORT, 'an approval request begins open')
    WHERE NEW.state <> 'open' OR NEW.escalated_to <> '' OR NEW.closed_at IS NOT NULL;
    SELECT RAISE(IGNORE)
    WHERE EXISTS (SELECT 1 FROM approval_request WHERE id = NEW.id)
        OR EXISTS (SELECT 1 FROM approval_request WHERE about = NEW.about AND state IN ('open', 'approved'));
END;;
CREATE TRIGGER approval_request_no_delete BEFORE DELETE ON approval_request
BEGIN SELECT RAISE(ABORT, 'an approval request is never deleted; void it'); END;;
CREATE TRIGGER approval_request_steps BEFORE UPDATE ON approval_request
BEGIN
    SELECT RAISE(ABORT, 'nothing of an approval request changes but its state')
    WHERE NEW.id <> OLD.id OR NEW.action <> OLD.action OR NEW.about <> OLD.about OR NEW.digest <> OLD.digest
        OR NEW.proposer <> OLD.proposer OR NEW.role <> OLD.role OR NEW.cents <> OLD.cents OR NEW.people <> OLD.people
        OR NEW.opened_at <> OLD.opened_at OR NEW.due_at <> OLD.due_at OR NEW.expires_at <> OLD.expires_at OR NEW.body <> OLD.body;
    SELECT RAISE(ABORT, 'a closed approval request is final') WHERE OLD.state NOT IN ('open', 'approved');
    SELECT RAISE(ABORT, 'an approval request is escalated once, while it is open, after its deadline')
    WHERE NEW.escalated_to <> OLD.escalated_to AND NOT (
        OLD.escalated_to = '' AND OLD.state = 'open' AND NEW.state = 'open'
        AND OLD.due_at <= strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
    );
    SELECT RAISE(ABORT, 'an approval request cannot take this step')
    WHERE NOT (
        (OLD.state = 'open' AND NEW.state = 'open')
        OR NEW.state = 'voided'
        OR (NEW.state = 'expired' AND OLD.expires_at <= strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z')
        OR (OLD.state = 'open' AND NEW.state = 'refused'
            AND EXISTS (SELECT 1 FROM approval_vote WHERE request = OLD.id AND says = 'refuse'))
        OR (((OLD.state = 'open' AND NEW.state = 'approved') OR (OLD.state = 'approved' AND NEW.state = 'executed'))
            AND OLD.expires_at > strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z'
            AND NOT EXISTS (SELECT 1 FROM approval_vote WHERE request = OLD.id AND says <> 'approve')
            AND (SELECT count(*) FROM approval_vote WHERE request = OLD.id AND says = 'approve' AND digest = OLD.digest)
                >= OLD.people)
    );
END;;

-- A vote counts once, for the content it names, while the request is open and by this database's clock in time.
CREATE TRIGGER approval_vote_counts BEFORE INSERT ON approval_vote
BEGIN
    SELECT RAISE(ABORT, 'a vote is cast on an open approval request')
    WHERE NOT EXISTS (SELECT 1 FROM approval_request WHERE id = NEW.request AND state = 'open');
    SELECT RAISE(ABORT, 'the approval request has expired')
    FROM approval_request WHERE id = NEW.request AND expires_at <= strftime('%Y-%m-%dT%H:%M:%f', 'now') || '000Z';
    SELECT RAISE(ABORT, 'a vote names the content that the approval request asks for')
    FROM approval_request WHERE id = NEW.request AND digest <> NEW.digest;
    SELECT RAISE(ABORT, 'who proposed it does not decide about it')
    FROM approval_request WHERE id = NEW.request AND proposer IN (NEW.person, NEW.voter);
    SELECT RAISE(ABORT, 'one person has one vote')
    FROM approval_vote WHERE request = NEW.request
        AND (person IN (NEW.person, NEW.voter) OR voter IN (NEW.person, NEW.voter));
END;;
CREATE TRIGGER approval_vote_no_update BEFORE UPDATE ON approval_vote
BEGIN SELECT RAISE(ABORT, 'a vote is never changed'); END;;
CREATE TRIGGER approval_vote_no_delete BEFORE DELETE ON approval_vote
BEGIN SELECT RAISE(ABORT, 'a vote is never deleted'); END;;
