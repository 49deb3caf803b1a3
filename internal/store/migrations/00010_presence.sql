-- +goose Up

-- Whether and to whom a site's agents show who is in the building, for when nothing
-- but the site's own network is left. No row: switched off. The PIN is kept as a slow
-- hash, and that sealed: few digits do not withstand guessing at leisure.
create table offline_lists (
    site_id    uuid        primary key references sites,
    enabled    boolean     not null,
    networks   cidr[]      not null,
    listen     text        not null,
    pin_sealed bytea,
    updated_at timestamptz not null,
    constraint offline_lists_enabled check (not enabled or (pin_sealed is not null and cardinality(networks) > 0))
);
