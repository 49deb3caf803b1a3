-- +goose Up

-- Another deployment that has the same zone, to which is sent whatever changes here.
-- How far it has followed is a place in the site's ledger.
create table zone_peers (
    id              uuid primary key,
    zone_id         uuid        not null references zones,
    address         text        not null, -- host name or address
    port            integer     not null,
    remote_site_id  uuid        not null,
    username        text        not null, -- id of a token there
    password_sealed bytea       not null, -- and its secret
    revision        bigint      not null default 0,
    stamp           bigint      not null default 0,
    whole           boolean     not null default true, -- it must be sent everything
    due_at          timestamptz not null,
    tries           integer     not null default 0,
    pushed_at       timestamptz,
    failed_at       timestamptz,
    failure         text        not null default '',
    created_at      timestamptz not null,
    constraint zone_peers_port check (port between 1 and 65535),
    constraint zone_peers_target unique (zone_id, address, port)
);
create index zone_peers_due on zone_peers (due_at);
