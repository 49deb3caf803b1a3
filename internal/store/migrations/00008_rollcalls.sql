-- +goose Up

-- An evacuation, or the practice of one. A site has one at a time.
create table roll_calls (
    id         uuid primary key,
    site_id    uuid        not null references sites,
    kind       text        not null,
    started_at timestamptz not null,
    started_by text        not null,
    ended_at   timestamptz,
    ended_by   text,
    constraint roll_calls_kind check (kind in ('drill', 'real')),
    constraint roll_calls_ended check ((ended_at is null) = (ended_by is null) and ended_at >= started_at)
);
create unique index roll_calls_open on roll_calls (site_id) where ended_at is null;
create index roll_calls_site on roll_calls (site_id, id desc);

-- Who is on the list: everyone who might have been in the building at its start, and
-- who came until its end. Names are read from the visits, so that an erased person
-- is erased here too.
create table roll_call_people (
    roll_call_id uuid        not null references roll_calls,
    visit_id     uuid        not null references visits,
    added_at     timestamptz not null,
    arrived      boolean     not null, -- after the start
    primary key (roll_call_id, visit_id)
);
create index roll_call_people_visit on roll_call_people (visit_id);

-- What people said of whom. Marks are added and never changed: a correction is
-- another one. A mark's id is drawn where it is made, so that one that was made
-- offline may be sent any number of times.
create table roll_call_marks (
    roll_call_id uuid        not null,
    mark_id      uuid        not null,
    visit_id     uuid        not null,
    mark         text        not null,
    marked_by    text        not null,
    marked_at    timestamptz not null, -- by the clock of where it was made
    received_at  timestamptz not null,
    primary key (roll_call_id, mark_id),
    foreign key (roll_call_id, visit_id) references roll_call_people,
    constraint roll_call_marks_mark check (mark in ('safe', 'missing', 'not_here')),
    constraint roll_call_marks_order check (marked_at <= received_at)
);
create index roll_call_marks_visit on roll_call_marks (visit_id);
alter table roll_call_marks alter mark set statistics 0;

-- Visits on several days that were registered together.
alter table visits add column series_id uuid;
create index visits_series on visits (series_id, expected_arrival, id) where series_id is not null;

-- What a request that made many things answered: ids of what was made, and codes and
-- fields of what was refused.
alter table idempotency add column result jsonb;
