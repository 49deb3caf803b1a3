-- +goose Up

-- What a site says in its mail, and to whom of its staff.
alter table sites add column mail jsonb not null default '{}';

-- Set once the visitor and the host were told that the departure is near; a
-- departure that is moved clears it.
alter table visits add column leaving_soon_at timestamptz;

-- Mail per recipient and hour, by keyed hash of the address.
create table mail_rates (
    recipient_hash bytea       not null,
    hour           timestamptz not null,
    count          integer     not null,
    primary key (recipient_hash, hour)
);
create index mail_rates_hour on mail_rates (hour);

-- Codes sent by SMS. The number is known by its keyed hash only.
create table sms_codes (
    id         uuid primary key,
    site_id    uuid        not null references sites,
    phone_hash bytea       not null,
    code_hash  bytea       not null,
    attempts   integer     not null default 0,
    expires_at timestamptz not null,
    used_at    timestamptz,
    created_at timestamptz not null
);
create index sms_codes_phone on sms_codes (phone_hash, created_at desc);
create index sms_codes_site on sms_codes (site_id, created_at desc);
create index sms_codes_expires on sms_codes (expires_at);

-- What SMS cost, by site and day, in hundredths of the account's currency.
create table sms_spend (
    site_id uuid   not null references sites,
    day     date   not null,
    count   integer not null,
    cost    bigint  not null,
    primary key (site_id, day)
);
