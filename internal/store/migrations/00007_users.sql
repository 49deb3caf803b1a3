-- +goose Up

-- A user may have no password: one who signs in elsewhere, or was just invited.
-- A link to set a password that was asked for before credentials_at is void.
alter table users add column language text not null default '';
alter table users add column credentials_at timestamptz not null default 'epoch'; -- password or address changed
alter table users add column reset_asked_at timestamptz;                            -- a link was last asked for
alter table users add column last_login_at timestamptz;
alter table users add column totp_sealed bytea;                                     -- RFC 6238 secret
alter table users add column totp_confirmed_at timestamptz;
alter table users add column totp_step bigint not null default 0;                   -- of the last code that was accepted
alter table users add column oidc_issuer text;
alter table users add column oidc_subject text;                                     -- who this is at the issuer
alter table users add constraint users_totp check (totp_confirmed_at is null or totp_sealed is not null);
alter table users add constraint users_oidc check ((oidc_issuer is null) = (oidc_subject is null));
create unique index users_oidc_subject on users (oidc_issuer, oidc_subject) where oidc_subject is not null;
alter table users alter oidc_subject set statistics 0;

-- Codes for who has lost the second factor, by keyed hash; each works once.
create table recovery_codes (
    user_id   uuid  not null references users,
    code_hash bytea not null,
    primary key (user_id, code_hash)
);

-- Screens in the lobby. A pairing code is known by its keyed hash while it is good.
create table kiosks (
    id              uuid primary key,
    site_id         uuid        not null references sites,
    name            text        not null,
    walk_ins        boolean     not null default false, -- visitors may register themselves here
    code_hash       bytea,
    code_expires_at timestamptz,
    code_guesses    integer     not null default 0, -- wrong codes that came while this one was good
    secret_hash     bytea,                          -- SHA-256 of the cookie's value
    created_by      text        not null,
    created_at      timestamptz not null,
    paired_at       timestamptz,
    last_seen_at    timestamptz,
    revoked_at      timestamptz,
    constraint kiosks_name_length check (char_length(name) between 1 and 200),
    constraint kiosks_code check ((code_hash is null) = (code_expires_at is null)),
    constraint kiosks_paired check ((secret_hash is null) = (paired_at is null))
);
create index kiosks_site on kiosks (site_id, id desc);
create unique index kiosks_secret on kiosks (secret_hash) where secret_hash is not null;
create unique index kiosks_code_hash on kiosks (code_hash) where code_hash is not null;

-- What a host sees: visits to them.
create index visits_host on visits (lower(host_email), id desc);
alter index visits_host alter column 1 set statistics 0;
