-- +goose Up

-- How long a site keeps what, where it differs from the default and its country's
-- profile: {profile, visit_days, session_days, refused_days}.
alter table sites add column retention jsonb not null default '{}';

-- A purged visit keeps its instants and nobody's name. Who may still be in the
-- building is never purged.
alter table visits alter column person_id drop not null;
alter table visits add column purged_at timestamptz;
alter table visits add column presence_alarmed_at timestamptz; -- "still in the building?", last time
alter table visits add constraint visits_purged check (purged_at is null or (
    person_id is null and ended_at is not null and presence is distinct from 'unconfirmed'
    and visitor_first_name = '' and visitor_last_name = '' and visitor_email = '' and visitor_phone = ''
    and visitor_company = '' and host_name = '' and host_email = '' and purpose = ''));
alter table visits add constraint visits_person check (person_id is not null or purged_at is not null);
create index visits_over on visits (site_id, coalesce(left_at, ended_at), id)
    where purged_at is null and ended_at is not null and presence is distinct from 'unconfirmed';

-- A connection is over when it ended, or when it could no longer be alive.
create index sessions_over on sessions (site_id, coalesce(ended_at, greatest(last_seen_at, expires_at)), id);
create index terminations_site on terminations (site_id, at, id);
create index logins_expires on logins (expires_at);

-- One row a purge: the proof of what was purged, in numbers. Run 0 is the night's.
create table purges (
    id         uuid primary key,
    day        date        not null,
    run        integer     not null default 0, -- counted up for those asked for by hand
    started_at timestamptz not null,
    ended_at   timestamptz,
    counts     jsonb       not null default '{}', -- class → rows
    rewritten  text[]      not null default '{}', -- tables without a trace of deleted rows in their files
    skipped    text[]      not null default '{}', -- tables in use or too large: next time
    constraint purges_day unique (day, run)
);

-- The erasure of one person. The CRM's ids of what has still to be erased there
-- are dropped as that is done; what stays is when, by whom and how much.
create table erasures (
    id           uuid primary key,
    person_id    uuid        not null,
    sites        uuid[]      not null default '{}', -- of the person's visits
    requested_by text        not null,
    requested_at timestamptz not null,
    erased_at    timestamptz, -- here
    ended_at     timestamptz, -- everywhere
    state        text        not null default 'pending',
    reason       text        not null default '',
    counts       jsonb       not null default '{}',
    crm          jsonb       not null default '[]', -- [{account_id, contact_ref, visit_refs}]
    constraint erasures_state check (state in ('pending', 'done', 'needs_attention')),
    constraint erasures_ended check ((state = 'done') = (ended_at is not null)),
    constraint erasures_done check (state <> 'done' or crm = '[]')
);
create unique index erasures_open on erasures (person_id) where ended_at is null;
create index erasures_pending on erasures (requested_at) where state = 'pending';

-- What a CRM was writing while the person was erased comes in later, for the same
-- erasure.
alter table crm_syncs add column erasure_id uuid references erasures;

-- A lawful request: which visit had this address at that instant. What is asked
-- is sealed; the answer is computed when it is read and never stored.
create table lawful_requests (
    id               uuid primary key,
    site_id          uuid references sites, -- null: all
    query_sealed     bytea,                 -- {ip, mac, at}; wiped with the request's end
    reference_sealed bytea,                 -- of the authority's letter; wiped with it
    requested_by     text        not null,
    requested_at     timestamptz not null,
    decided_by       text,
    decided_at       timestamptz,
    approved         boolean,
    expires_at       timestamptz not null,
    constraint lawful_requests_two_persons check (decided_by is distinct from requested_by),
    constraint lawful_requests_users check (requested_by like 'user:%' and (decided_by is null or decided_by like 'user:%')),
    constraint lawful_requests_decided check ((decided_by is null) = (decided_at is null) and (decided_by is null) = (approved is null)),
    constraint lawful_requests_denied check (approved is distinct from false or query_sealed is null)
);
create index lawful_requests_expired on lawful_requests (expires_at) where query_sealed is not null or reference_sealed is not null;

-- The planner's statistics hold samples of what a column holds: names would
-- outlive their rows there. Columns of personal data have none.
alter table people alter first_name set statistics 0, alter last_name set statistics 0, alter email set statistics 0,
    alter phone set statistics 0, alter company set statistics 0;
alter table visits alter visitor_first_name set statistics 0, alter visitor_last_name set statistics 0,
    alter visitor_email set statistics 0, alter visitor_phone set statistics 0, alter visitor_company set statistics 0,
    alter host_name set statistics 0, alter host_email set statistics 0, alter purpose set statistics 0;
alter table sessions alter acct_session_id set statistics 0, alter username set statistics 0, alter mac set statistics 0,
    alter mac_spelt set statistics 0, alter ip set statistics 0, alter called_station set statistics 0;
alter table terminations alter attempts set statistics 0;
alter table refused_logins alter username set statistics 0, alter mac set statistics 0;
alter table crm_syncs alter contact_ref set statistics 0, alter visit_ref set statistics 0, alter elsewhere set statistics 0;
alter table erasures alter crm set statistics 0;
alter table users alter email set statistics 0, alter name set statistics 0;
