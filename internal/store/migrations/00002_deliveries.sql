-- +goose Up

-- How far a consumer has read each chain of events. The events' order is that of
-- commits, so that what lies behind a place was not there when it was written.
create table event_cursors (
    consumer   text        not null,
    chain      text        not null, -- a site's id, or 'deployment'
    seq        bigint      not null,
    updated_at timestamptz not null,
    primary key (consumer, chain)
);

-- Where customers want to be told. A URL may hold a token of theirs: it is shown
-- to those who may read webhooks, and never logged.
create table webhooks (
    id                uuid primary key,
    name              text        not null,
    url               text        not null,
    sites             uuid[],                              -- null: all
    kinds             text[]      not null default '{}',   -- of events; empty: all
    payload           text        not null default 'thin',
    secret_sealed     bytea       not null,
    old_secret_sealed bytea,                               -- signs too until old_secret_until
    old_secret_until  timestamptz,
    paused_until      timestamptz,                         -- the receiver asked us to slow down
    disabled_at       timestamptz,
    disabled_reason   text        not null default '',
    created_at        timestamptz not null,
    updated_at        timestamptz not null,
    deleted_at        timestamptz,
    constraint webhooks_name_length check (char_length(name) between 1 and 200),
    constraint webhooks_payload check (payload in ('thin', 'full')),
    constraint webhooks_sites check (cardinality(sites) > 0),
    constraint webhooks_overlap check ((old_secret_sealed is null) = (old_secret_until is null)),
    constraint webhooks_disabled check ((disabled_at is null) = (disabled_reason = ''))
);
create index webhooks_live on webhooks (id desc) where deleted_at is null;

-- One row for each thing that goes out: an event to a target. Made by the relay in
-- the transaction that moves its cursor; the workflow delivery-<event>-<target>
-- carries it out.
create table deliveries (
    id              uuid primary key,
    event_id        uuid        not null references events deferrable initially deferred, -- written in the same transaction
    target          text        not null,           -- webhook:<id>, mail:<kind>
    replay          integer     not null default 0, -- 0 the first, counted up by hand
    webhook_id      uuid references webhooks,
    site_id         uuid references sites,
    visit_id        uuid references visits,
    state           text        not null default 'pending',
    reason          text        not null default '', -- of the state, a code
    attempts        integer     not null default 0,
    due_at          timestamptz not null,            -- not to be tried before
    next_attempt_at timestamptz not null,            -- while pending
    started_at      timestamptz,                     -- its workflow was started
    ended_at        timestamptz,
    created_at      timestamptz not null,
    constraint deliveries_once unique (event_id, target, replay),
    constraint deliveries_state check (state in ('pending', 'delivered', 'skipped', 'failed')),
    constraint deliveries_ended check ((state = 'pending') = (ended_at is null)),
    constraint deliveries_webhook check ((webhook_id is not null) = starts_with(target, 'webhook:'))
);
create index deliveries_unstarted on deliveries (created_at, id) where started_at is null and ended_at is null;
create index deliveries_pending on deliveries (next_attempt_at) where ended_at is null;
create index deliveries_webhook on deliveries (webhook_id, id desc);
create index deliveries_webhook_state on deliveries (webhook_id, state, id desc);
create index deliveries_visit on deliveries (visit_id, id);
create index deliveries_ended on deliveries (ended_at) where ended_at is not null;

-- What each try brought: codes and numbers, nothing of what the receiver said.
create table delivery_attempts (
    delivery_id uuid        not null references deliveries on delete cascade,
    attempt     integer     not null,
    at          timestamptz not null,
    took_ms     integer     not null,
    status      integer     not null default 0,  -- HTTP or SMTP; 0: no answer
    reason      text        not null default '', -- a code; empty: accepted
    primary key (delivery_id, attempt)
);
