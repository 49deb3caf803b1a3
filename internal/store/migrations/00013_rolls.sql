-- +goose Up

-- A zone is where roll codes are tried: they are good there and nowhere else. A site
-- has many. One row is locked by everything that changes what became of its codes.
create table zones (
    id              uuid primary key,
    site_id         uuid        not null references sites,
    name            text        not null,
    enabled         boolean     not null,
    kind            text        not null,
    logins          text        not null,
    invalid_message text        not null,
    expired_message text        not null,
    hash_key_sealed bytea, -- keys the look-up of long codes
    -- Where our portal page sends a guest with a good code: the NAS's own login form.
    login_url            text not null default '',
    login_user_field     text not null default 'username',
    login_password_field text not null default 'password',
    deleted_at      timestamptz,
    created_at      timestamptz not null,
    updated_at      timestamptz not null,
    constraint zones_name_length check (char_length(name) between 1 and 200),
    constraint zones_kind check (kind in ('long', 'compatible')),
    constraint zones_logins check (logins in ('last_login', 'first_login', 'multiple')),
    constraint zones_hash_key check ((kind = 'long') = (hash_key_sealed is not null))
);
create unique index zones_name on zones (site_id, lower(name)) where deleted_at is null;
create index zones_site on zones (site_id, id);

-- Where a login comes from leads to a zone; '' is every network of the NAS that has no
-- way of its own.
create table zone_ways (
    nas_id  uuid not null references nases,
    ssid    text not null,
    zone_id uuid not null references zones,
    primary key (nas_id, ssid)
);
create index zone_ways_zone on zone_ways (zone_id);

-- What a zone's compatible codes were made with at a time. Earlier ones stay: their
-- codes are recognised, and refused, as theirs. The public key gives the private one
-- away within milliseconds, so it is sealed as well.
create table roll_series (
    id                 uuid primary key,
    zone_id            uuid        not null references zones,
    public_key_sealed  bytea       not null,
    private_key_sealed bytea, -- null: codes are made elsewhere
    key_bits           integer     not null,
    roll_bits          integer     not null,
    ticket_bits        integer     not null,
    checksum_bits      integer     not null,
    magic              bigint      not null, -- 64 bits, unsigned
    alphabet           text        not null,
    created_at         timestamptz not null,
    retired_at         timestamptz
);
create unique index roll_series_current on roll_series (zone_id) where retired_at is null;
create index roll_series_zone on roll_series (zone_id, id);

-- A generation of a roll: one row, however many codes it has. A dormant code costs no
-- row; what has become of codes are two masks, the first ticket at bit 0 of octet 0.
create table rolls (
    id           uuid primary key,
    zone_id      uuid        not null references zones,
    series_id    uuid references roll_series, -- null: long codes
    number       integer     not null,
    first        integer     not null,
    count        integer     not null,
    for_seconds  bigint      not null,
    sold_only    boolean     not null,
    not_before   timestamptz,
    first_use_by timestamptz,
    devices      integer     not null,
    description  text        not null,
    retired_at   timestamptz,
    runs_on      boolean     not null default false,
    codes_sealed bytea,       -- of long codes: all of them, so that they can be printed again
    hashes       bytea,       -- and what they are looked up by, 12 octets each
    clashes      integer[]    not null default '{}', -- tickets whose codes an earlier series has
    over         bytea       not null,
    sold         bytea       not null,
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    constraint rolls_tickets check (first >= 1 and count >= 1 and number >= 0),
    constraint rolls_for check (for_seconds > 0),
    constraint rolls_devices check (devices >= 0),
    constraint rolls_long check ((series_id is null) = (hashes is not null) and (codes_sealed is null or series_id is null)),
    constraint rolls_masks check (length(over) = (count + 7) / 8 and length(sold) = (count + 7) / 8)
);
create unique index rolls_number on rolls (zone_id, number) where retired_at is null;
create index rolls_zone on rolls (zone_id, id desc);
-- Random octets: compressing them is work for nothing.
alter table rolls alter hashes set storage external, alter codes_sealed set storage external;

-- Codes in use, and of accesses that ended not long ago: whose time went where. What
-- is older is a bit of its roll's mask.
create table roll_records (
    roll_id        uuid        not null references rolls,
    ticket         integer     not null,
    zone_id        uuid        not null references zones,
    at             timestamptz not null,
    holder_roll_id uuid        not null references rolls,
    holder_ticket  integer     not null,
    for_seconds    bigint      not null,
    primary key (roll_id, ticket)
);
create index roll_records_holder on roll_records (holder_roll_id, holder_ticket);

-- What a code gives its holder, from first use to its end. The id follows from the
-- ticket, so that agents can name it before the server has heard of it.
create table accesses (
    id          uuid primary key,
    kind        text        not null,
    site_id     uuid        not null references sites,
    zone_id     uuid references zones,
    roll_id     uuid references rolls, -- the holder's
    ticket      integer,
    started_at  timestamptz not null,
    ends_at     timestamptz not null,
    ended_at    timestamptz,
    end_reason  text,
    generation  integer     not null default 1, -- of terminations; another one when it goes on after its end
    taken_at    timestamptz, -- by its workflow, which knows how the row stands
    told_at     timestamptz, -- when it was told last that it does not
    tellings    integer     not null default 0,
    sealed_at   timestamptz,
    created_at  timestamptz not null,
    constraint accesses_kind check (kind in ('roll', 'portal')),
    constraint accesses_roll check (kind <> 'roll' or zone_id is not null and roll_id is not null and ticket is not null),
    constraint accesses_ended check ((ended_at is null) = (end_reason is null)),
    constraint accesses_reason check (end_reason in ('time', 'expired', 'retired', 'merged', 'cancelled')),
    constraint accesses_sealed check (sealed_at is null or ended_at is not null)
);
create index accesses_open on accesses (id) where sealed_at is null;
create index accesses_untaken on accesses (told_at nulls first) where taken_at is null;
create index accesses_due on accesses (ends_at) where ended_at is null;
create index accesses_live on accesses (site_id, id) where ended_at is null;
create index accesses_active on accesses (zone_id, ends_at, id) where ended_at is null;
create index accesses_holder on accesses (roll_id, ticket);
create index accesses_ended_at on accesses (ended_at) where ended_at is not null;

-- Sessions, and how they were ended, belong to a visit or to an access.
alter table sessions add column access_id uuid references accesses on delete set null;
create index sessions_access on sessions (access_id) where access_id is not null;
alter table terminations add column access_id uuid references accesses on delete set null;
create index terminations_access on terminations (access_id) where access_id is not null;
-- A command's visit_id may be an access's id; the two never meet, being of different versions.
alter table commands drop constraint commands_visit_id_fkey;

alter table site_ledger drop constraint site_ledger_kind;
alter table site_ledger add constraint site_ledger_kind
    check (kind in ('voucher', 'nas', 'authentication', 'zone', 'roll', 'roll_codes', 'roll_usage', 'access'));
