CREATE TRIGGER audit_row_no_update BEFORE UPDATE ON audit_row
BEGIN SELECT RAISE(ABORT, 'a row of the audit log is never changed'); END;;
CREATE TRIGGER audit_row_no_delete BEFORE DELETE ON audit_row
BEGIN SELECT RAISE(ABORT, 'a row of the audit log is never deleted'); END;;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'a stream of the audit log is never deleted'); END;;
CREATE TRIGGER audit_head_moves_forward BEFORE UPDATE ON audit_head
WHEN NEW.stream <> OLD.stream OR NEW.number <= OLD.number
BEGIN SELECT RAISE(ABORT, 'a stream of the audit log only moves forward'); END;;
