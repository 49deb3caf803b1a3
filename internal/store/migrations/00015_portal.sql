-- +goose Up

-- How long accounts are good.
create table profiles (
    id         uuid primary key,
    name       text        not null,
    kind       text        not null,
    value      integer     not null default 0, -- hours or days
    until      timestamptz,
    devices    integer     not null default 0,
    revision   integer     not null default 1, -- another one when accounts must be reckoned anew
    deleted_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint profiles_name_length check (char_length(name) between 1 and 200),
    constraint profiles_kind check (kind in ('hours', 'days', 'until')),
    constraint profiles_validity check (case kind when 'until' then until is not null else value > 0 end)
);
create unique index profiles_name on profiles (lower(name)) where deleted_at is null;

-- A portal's page and policy.
create table templates (
    id               uuid primary key,
    name             text        not null,
    lifetime_seconds integer     not null,
    profile_id       uuid        not null references profiles,
    settings         jsonb       not null, -- identity.Template, less what is a column
    deleted_at       timestamptz,
    created_at       timestamptz not null,
    updated_at       timestamptz not null,
    constraint templates_name_length check (char_length(name) between 1 and 200),
    constraint templates_lifetime check (lifetime_seconds between 300 and 2592000)
);
create unique index templates_name on templates (lower(name)) where deleted_at is null;

-- What guests agree to, by version. Older versions stay: people agreed to them.
create table consent_texts (
    id          uuid primary key,
    template_id uuid        not null references templates,
    kind        text        not null,
    version     integer     not null,
    texts       jsonb       not null, -- language: text; none at all ends the kind
    made_by     text        not null,
    made_at     timestamptz not null,
    constraint consent_texts_kind check (kind in ('terms', 'privacy', 'marketing')),
    constraint consent_texts_version unique (template_id, kind, version)
);

-- Where a NAS sends browsers: the address of its page is made of the id.
create table portals (
    id            uuid primary key,
    site_id       uuid        not null references sites,
    name          text        not null,
    vendor        text        not null,
    template_id   uuid        not null references templates,
    nas_id        uuid references nases, -- that asks RADIUS for its guests; null: any of the site
    zone_id       uuid references zones, -- whose roll codes it takes
    settings      jsonb       not null,
    secret_sealed bytea,
    key_sealed    bytea,
    enabled       boolean     not null,
    deleted_at    timestamptz,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    constraint portals_name_length check (char_length(name) between 1 and 200)
);
create unique index portals_name on portals (site_id, lower(name)) where deleted_at is null;
create index portals_site on portals (site_id, id);
create index portals_template on portals (template_id);

-- A guest's identity: what a person is to a portal. Names and contacts are the
-- person's. Whether it is valid is reckoned from the clock and never stored.
create table accounts (
    person_id          uuid primary key references people on delete cascade,
    site_id            uuid        not null references sites, -- where it was made, and whose midnight counts
    portal_id          uuid references portals,               -- null: by staff
    profile_id         uuid        not null references profiles,
    profile_revision   integer     not null,
    login              text        not null,
    login_kind         text        not null,
    method             text        not null, -- by which it was made
    password_hash      text,                 -- of one that staff or a sponsor handed out
    sponsor            text        not null default '',
    language           text        not null default '',
    notes              text        not null default '',
    starts_at          timestamptz not null,
    ends_at            timestamptz not null,
    ends_set           boolean     not null default false, -- by staff: the profile does not move it
    proven_at          timestamptz,
    pending            boolean     not null default false,
    blocked_at         timestamptz,
    erased_at          timestamptz, -- the login is a pseudonym since
    contact_status     text        not null default 'unknown',
    contact_checked_at timestamptz,
    contact_due_at     timestamptz, -- when to look at the address (again); null: settled
    first_login_at     timestamptz,
    last_login_at      timestamptz,
    created_at         timestamptz not null,
    updated_at         timestamptz not null,
    constraint accounts_validity check (starts_at < ends_at),
    constraint accounts_login check (char_length(login) between 1 and 254),
    constraint accounts_login_kind check (login_kind in ('email', 'phone', 'name')),
    constraint accounts_method check (method in ('visit', 'account', 'code', 'email', 'sms', 'form', 'sponsor')),
    constraint accounts_contact check (contact_status in ('unknown', 'valid', 'invalid', 'disposable'))
);
-- Two people may claim an address; only one can prove it.
create unique index accounts_proven_login on accounts (login) where proven_at is not null;
create index accounts_login on accounts (login);
create index accounts_site on accounts (site_id, person_id desc);
create index accounts_profile on accounts (profile_id, profile_revision);
create index accounts_ends on accounts (ends_at);
create index accounts_due on accounts (site_id, ends_at, person_id) where erased_at is null;
create index accounts_contact_due on accounts (contact_due_at) where contact_due_at is not null;

-- What was agreed to.
create table consents (
    person_id  uuid        not null references people on delete cascade,
    text_id    uuid        not null references consent_texts,
    agreed_at  timestamptz not null,
    primary key (person_id, text_id)
);

-- Browsers that know an account: by a random value, of which the hash is here.
create table browsers (
    cookie_hash bytea primary key,
    person_id   uuid        not null references people on delete cascade,
    made_at     timestamptz not null,
    expires_at  timestamptz not null
);
create index browsers_person on browsers (person_id);
create index browsers_expired on browsers (expires_at);

-- Devices that an account was used with, in one network of one site.
create table devices (
    id         uuid primary key,
    person_id  uuid        not null references people on delete cascade,
    site_id    uuid        not null references sites,
    portal_id  uuid        not null references portals,
    ssid       text        not null,
    mac        text        not null,
    private    boolean     not null, -- the device made the address up
    first_seen timestamptz not null,
    last_seen  timestamptz not null,
    constraint devices_once unique (person_id, portal_id, ssid, mac)
);
create index devices_mac on devices (mac, portal_id);
create index devices_site on devices (site_id);
create index devices_unseen on devices (last_seen) where private;

-- The number in the name that networks see in a guest's place.
create sequence token_numbers;

-- An authentication: one login of one device. Its beginning, end and seal are its
-- access's; an access of kind portal has one of these.
create table authentications (
    access_id     uuid primary key references accesses on delete cascade,
    person_id     uuid        not null references people,
    portal_id     uuid        not null references portals,
    template_id   uuid        not null references templates,
    name          text        not null, -- the pseudonym
    method        text        not null,
    status        text        not null,
    renewal       boolean     not null default false,
    clicked       boolean     not null default true,
    recognised_by text        not null default '',
    ends_with     text        not null, -- what its end comes from
    mac           text        not null default '',
    ip            text        not null default '',
    ssid          text        not null default '',
    ap            text        not null default '',
    live          boolean     not null default true, -- the access has not ended
    constraint authentications_name unique (name),
    constraint authentications_status check (status in ('logged_in', 'returning', 'returning_auto')),
    constraint authentications_recognised check (recognised_by in ('', 'cookie', 'mac', 'mac_auth')),
    constraint authentications_ends_with check (ends_with in ('lifetime', 'identity_end'))
);
-- A device has one at a time in one network.
create unique index authentications_device on authentications (portal_id, mac) where live and mac <> '';
create index authentications_person on authentications (person_id, access_id desc);
create index authentications_mac on authentications (mac, access_id desc) where mac <> '';
create index authentications_live on authentications (person_id) where live;

alter table accesses drop constraint accesses_reason;
alter table accesses add constraint accesses_reason check (end_reason in
    ('time', 'expired', 'retired', 'merged', 'cancelled',
     'lifetime', 'identity_end', 'logout', 'revoked', 'nas_stop', 'idle', 'replaced', 'device_limit'));
create index accesses_portal on accesses (site_id, started_at desc, id desc) where kind = 'portal';
create index accesses_newest on accesses (started_at desc, id desc) where kind = 'portal';
create index accesses_portal_ended on accesses (site_id, ended_at, id) where kind = 'portal' and ended_at is not null;
create index people_email on people (lower(email)) where email <> '';
alter index people_email alter column 1 set statistics 0;

-- One-time secrets: with one a device that the portal lets in proves itself to RADIUS
-- in the place of a password. They are good for a minute.
create table one_time_secrets (
    id            uuid primary key,
    site_id       uuid        not null references sites,
    voucher_id    uuid references vouchers on delete cascade,
    access_id     uuid references accesses on delete cascade,
    nas_id        uuid,
    mac           text        not null default '',
    secret_sealed bytea       not null,
    expires_at    timestamptz not null,
    created_at    timestamptz not null,
    constraint one_time_secrets_of check (num_nonnulls(voucher_id, access_id) = 1)
);
create index one_time_secrets_voucher on one_time_secrets (voucher_id) where voucher_id is not null;
create index one_time_secrets_access on one_time_secrets (access_id) where access_id is not null;
create index one_time_secrets_expired on one_time_secrets (expires_at);

-- When the link was used that stands for the password once, at a portal.
alter table vouchers add column link_used_at timestamptz;

-- Somebody is to prove an address, or a sponsor to decide. It outlives the browser.
create table registrations (
    id            uuid primary key,
    site_id       uuid        not null references sites,
    portal_id     uuid        not null references portals,
    method        text        not null,
    status        text        not null,
    arrival_sealed bytea      not null, -- what the NAS said
    mac           text        not null default '',
    login         text        not null default '',
    first_name    text        not null default '',
    last_name     text        not null default '',
    email         text        not null default '',
    phone         text        not null default '',
    company       text        not null default '',
    language      text        not null,
    consents      uuid[]      not null default '{}',
    sponsor       text        not null default '',
    profile_id    uuid references profiles, -- that the sponsor chose
    code_sealed   bytea,
    tries         integer     not null default 0,
    sends         integer     not null default 0,
    sent_at       timestamptz,
    person_id     uuid references people on delete set null, -- whom it led to
    access_id     uuid references accesses on delete set null, -- the grace, then what it led to
    expires_at    timestamptz not null,
    decided_at    timestamptz,
    created_at    timestamptz not null,
    constraint registrations_method check (method in ('email', 'sms', 'sponsor')),
    constraint registrations_status check (status in ('waiting', 'approved', 'denied', 'cancelled', 'done'))
);
create index registrations_device on registrations (portal_id, mac, id desc) where mac <> '';
create index registrations_login on registrations (login, created_at);
create index registrations_site on registrations (site_id, created_at);
create index registrations_expired on registrations (expires_at);
create index registrations_sponsor on registrations (sponsor, created_at) where sponsor <> '';

-- Gates that were opened without RADIUS: nobody asks us again before the time is over,
-- and what shuts them is a call of ours, where the vendor has one.
create table openings (
    id             uuid primary key,
    site_id        uuid        not null references sites,
    portal_id      uuid        not null references portals,
    visit_id       uuid references visits on delete cascade,
    access_id      uuid references accesses on delete cascade,
    arrival_sealed bytea       not null,
    queued         text        not null default '', -- the line that the gateway collects
    client         text        not null default '', -- what the gateway knows the client by
    collected_at   timestamptz,
    opened_at      timestamptz not null,
    until          timestamptz not null,
    due_at         timestamptz, -- when to shut it (again); null: nothing to be done
    tries          integer     not null default 0,
    shut_at        timestamptz,
    failure        text        not null default '',
    constraint openings_of check (num_nonnulls(visit_id, access_id) = 1)
);
create index openings_due on openings (due_at) where due_at is not null;
create index openings_visit on openings (visit_id) where visit_id is not null;
create index openings_access on openings (access_id) where access_id is not null;
create index openings_queue on openings (portal_id, id) where queued <> '' and collected_at is null;

-- Why somebody was let in, or was not.
create table portal_decisions (
    id        uuid primary key,
    site_id   uuid        not null references sites,
    portal_id uuid        not null references portals,
    person_id uuid references people on delete set null,
    access_id uuid references accesses on delete set null,
    mac       text        not null default '',
    page      text        not null,
    rule      text        not null,
    method    text        not null default '',
    facts     jsonb       not null, -- what it was decided from: instants, kinds and numbers
    at        timestamptz not null
);
create index portal_decisions_site on portal_decisions (site_id, id desc);
create index portal_decisions_person on portal_decisions (person_id, id desc) where person_id is not null;
create index portal_decisions_mac on portal_decisions (mac, id desc) where mac <> '';
create index portal_decisions_at on portal_decisions (at);
create index portal_decisions_access on portal_decisions (access_id) where access_id is not null;

-- The shorter of the two counts, whoever writes: no authentication outlives its
-- account. Looked at when a transaction ends, so that it may change both.
-- +goose StatementBegin
create function authentication_within_account() returns trigger language plpgsql as $$
declare
    person uuid;
begin
    if tg_table_name = 'accounts' then
        person := new.person_id;
    else
        select person_id into person from authentications where access_id = new.id;
    end if;
    if exists (
        select from authentications a join accesses x on x.id = a.access_id join accounts c on c.person_id = a.person_id
        where a.person_id = person and a.live and x.ends_at > c.ends_at)
    then
        raise exception 'an authentication outlives its account' using errcode = 'check_violation', constraint = 'authentications_within_account';
    end if;
    return null;
end $$;
-- +goose StatementEnd
create constraint trigger accesses_within_account after insert or update of ends_at on accesses
    deferrable initially deferred for each row when (new.kind = 'portal') execute function authentication_within_account();
create constraint trigger accounts_hold_authentications after update of ends_at on accounts
    deferrable initially deferred for each row execute function authentication_within_account();

alter table site_ledger drop constraint site_ledger_kind;
alter table site_ledger add constraint site_ledger_kind
    check (kind in ('voucher', 'nas', 'authentication', 'zone', 'roll', 'roll_codes', 'roll_usage', 'access', 'device'));

-- Whose device asks the portal whether it is held back.
create index sessions_open_ip on sessions (site_id, ip) where ended_at is null;

-- Names would outlive their rows in the planner's statistics.
alter table accounts alter login set statistics 0, alter password_hash set statistics 0, alter sponsor set statistics 0, alter notes set statistics 0;
alter table devices alter mac set statistics 0;
alter table authentications alter name set statistics 0, alter mac set statistics 0, alter ip set statistics 0;
alter table one_time_secrets alter mac set statistics 0;
alter table registrations alter arrival_sealed set statistics 0, alter mac set statistics 0, alter login set statistics 0,
    alter first_name set statistics 0, alter last_name set statistics 0, alter email set statistics 0, alter phone set statistics 0,
    alter company set statistics 0, alter sponsor set statistics 0;
alter table openings alter arrival_sealed set statistics 0, alter client set statistics 0, alter queued set statistics 0;
alter table portal_decisions alter mac set statistics 0;
