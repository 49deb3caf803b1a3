-- +goose Up

-- A customer's CRM, used by any number of sites.
create table crm_accounts (
    id                 uuid primary key,
    name               text        not null,
    kind               text        not null,
    settings           jsonb       not null default '{}', -- host, API version, property names: no secrets
    credentials_sealed bytea       not null,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    deleted_at         timestamptz,
    next_at            timestamptz,           -- when the next visit's turn is, over all workers
    constraint crm_accounts_kind check (kind in ('hubspot', 'salesforce', 'dynamics', 'pipedrive')),
    constraint crm_accounts_name_length check (char_length(name) between 1 and 200)
);

-- sites.crm is the kind of the site's account, kept with it; null: none configured.
alter table sites add column crm_account_id uuid references crm_accounts;
alter table sites add column crm_fields text[] not null default '{}'; -- what may be sent
alter table sites add constraint sites_crm check ((crm is null) = (crm_account_id is null));

alter table visits add column crm_skip boolean not null default false; -- "do not sync"

-- How a visit came out in its site's CRM, and the ids of what was written there.
create table crm_syncs (
    visit_id    uuid primary key references visits,
    account_id  uuid        not null references crm_accounts,
    state       text        not null,
    reason      text        not null default '',
    contact_ref text        not null default '', -- the CRM's id; noted before the next call
    visit_ref   text        not null default '', -- of the meeting, event, appointment or activity
    elsewhere   jsonb       not null default '[]', -- [{account_id, contact_ref, visit_ref}] of accounts before this one
    fields      text[]      not null default '{}', -- that were sent
    attempts    integer     not null default 0,
    tried_at    timestamptz,
    busy_until  timestamptz, -- an attempt is under way; null: none
    synced_at   timestamptz,
    created_at  timestamptz not null,
    updated_at  timestamptz not null,
    constraint crm_syncs_state check (state in ('pending', 'synced', 'skipped', 'needs_attention', 'erased'))
);
create index crm_syncs_account on crm_syncs (account_id, state, visit_id desc);
