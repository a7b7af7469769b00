-- What was recorded stays; a correction is a new row.
CREATE TRIGGER movement_no_update BEFORE UPDATE ON movement
BEGIN SELECT RAISE(ABORT, 'a movement is never changed; record a reversal'); END;;
CREATE TRIGGER movement_no_delete BEFORE DELETE ON movement
BEGIN SELECT RAISE(ABORT, 'a movement is never deleted; record a reversal'); END;;
CREATE TRIGGER decision_no_update BEFORE UPDATE ON decision
BEGIN SELECT RAISE(ABORT, 'a decision is never changed'); END;;
CREATE TRIGGER decision_no_delete BEFORE DELETE ON decision
BEGIN SELECT RAISE(ABORT, 'a decision is never deleted'); END;;
CREATE TRIGGER reservation_line_no_update BEFORE UPDATE ON reservation_line
BEGIN SELECT RAISE(ABORT, 'a line of a reservation is never changed'); END;;
CREATE TRIGGER reservation_line_no_delete BEFORE DELETE ON reservation_line
BEGIN SELECT RAISE(ABORT, 'a line of a reservation is never deleted'); END;;
CREATE TRIGGER reservation_no_delete BEFORE DELETE ON reservation
BEGIN SELECT RAISE(ABORT, 'a reservation is never deleted; settle it'); END;;

-- The life of a reservation: pending, then posted, voided or expired, once.
CREATE TRIGGER reservation_starts_pending BEFORE INSERT ON reservation
WHEN NEW.state <> 'pending'
BEGIN SELECT RAISE(ABORT, 'a reservation starts pending'); END;;
CREATE TRIGGER reservation_settles_once BEFORE UPDATE ON reservation
WHEN NOT (
    OLD.state = 'pending' AND NEW.state <> 'pending'
    AND NEW.id = OLD.id AND NEW.order_id = OLD.order_id
    AND NEW.made_at = OLD.made_at AND NEW.expires_at = OLD.expires_at
)
BEGIN SELECT RAISE(ABORT, 'a pending reservation is settled once; nothing else of it changes'); END;;
