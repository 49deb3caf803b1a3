-- +goose Up

-- A command may end one session alone while its visit goes on. It is forgotten with
-- the session: without it, it would mean all of them.
alter table commands add column session_id uuid references sessions on delete cascade;
create index commands_session on commands (session_id) where session_id is not null;
