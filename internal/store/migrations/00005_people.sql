-- +goose Up

-- How long a site keeps what, where it differs from the default and its country's
-- profile: {profile, visit_days, session_days, refused_days}.
alter table sites add column retention jsonb not null default '{}';

-- A purged visit keeps its instants and nobody's name.
alter table visits alter column person_id drop not null;
alter table visits add column purged_at timestamptz;
alter table visits add column presence_alarmed_at timestamptz; -- "still in the building?", last time
create index visits_left on visits (left_at) where left_at is not null and purged_at is null;

-- One row a night: the proof of what was purged, in numbers.
create table purges (
    id         uuid primary key,
    day        date        not null,
    started_at timestamptz not null,
    ended_at   timestamptz,
    counts     jsonb       not null default '{}', -- class → rows
    constraint purges_day unique (day)
);

-- The erasure of one person. The CRM's ids of what has still to be erased there
-- are dropped when that is done; what stays is when, by whom and how much.
create table erasures (
    id           uuid primary key,
    person_id    uuid        not null,
    requested_by text        not null,
    requested_at timestamptz not null,
    erased_at    timestamptz, -- here
    ended_at     timestamptz, -- everywhere
    state        text        not null default 'pending',
    reason       text        not null default '',
    counts       jsonb       not null default '{}',
    crm          jsonb       not null default '[]',
    constraint erasures_state check (state in ('pending', 'done', 'needs_attention'))
);
create unique index erasures_open on erasures (person_id) where ended_at is null;

-- A lawful request: which visit had this address at that instant. What is asked
-- is sealed; the answer is computed when it is read and never stored.
create table lawful_requests (
    id            uuid primary key,
    site_id       uuid references sites, -- null: all
    query_sealed  bytea,                 -- {ip, mac, at}; wiped with the request's end
    reference     text        not null default '', -- of the authority's letter
    requested_by  text        not null,
    requested_at  timestamptz not null,
    decided_by    text,
    decided_at    timestamptz,
    approved      boolean,
    expires_at    timestamptz not null,
    constraint lawful_requests_two_persons check (decided_by is distinct from requested_by),
    constraint lawful_requests_decided check ((decided_by is null) = (decided_at is null) and (decided_by is null) = (approved is null))
);
