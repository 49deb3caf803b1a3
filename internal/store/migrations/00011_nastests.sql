-- +goose Up

-- Somebody waits for what an agent says of a NAS: one row a test and agent, so that
-- any replica's link can carry it. Rows are removed an hour after.
create table nas_tests (
    id          uuid        not null,
    agent_id    uuid        not null references agents,
    site_id     uuid        not null references sites,
    nas_id      uuid        not null references nases,
    asked_at    timestamptz not null,
    ends_at     timestamptz not null, -- who waits has given up
    claimed_at  timestamptz,          -- a link took it
    report      jsonb,
    answered_at timestamptz,
    primary key (id, agent_id),
    constraint nas_tests_span check (ends_at > asked_at),
    constraint nas_tests_answered check ((report is null) = (answered_at is null))
);
create index nas_tests_waiting on nas_tests (agent_id) where claimed_at is null;
create index nas_tests_site on nas_tests (site_id, asked_at);

-- Visits whose sessions are still being ended, for the list of open terminations.
create index commands_open on commands (site_id, visit_id) where not final;
