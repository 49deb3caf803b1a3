-- +goose Up

-- The trail is read newest first: all of it, or what somebody did, what was done
-- to something, what was done of a kind. Other conditions are looked at on the way.
-- One chain has audit_at already.
create index audit_newest on audit (at desc, chain desc, seq desc);
create index audit_actor on audit (actor, at desc, chain desc, seq desc);
create index audit_object on audit (object, at desc, chain desc, seq desc);
create index audit_action on audit (action, at desc, chain desc, seq desc);
