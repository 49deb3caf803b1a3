-- +goose Up

-- What visitors agree to at a site's kiosks, by language. A new text is a new
-- version; older ones stay, because people agreed to them. No texts: no rules any more.
create table site_rules (
    site_id uuid        not null references sites,
    version integer     not null,
    texts   jsonb       not null,
    made_at timestamptz not null,
    made_by text        not null,
    primary key (site_id, version),
    constraint site_rules_version check (version > 0),
    constraint site_rules_texts check (jsonb_typeof(texts) = 'object')
);

-- Whether visitors may register themselves at the site; each kiosk says so too.
alter table sites add column walk_ins boolean not null default true;

-- Which version a visitor agreed to, when, and at which kiosk.
alter table visits
    add column rules_version integer,
    add column rules_accepted_at timestamptz,
    add column rules_accepted_by text,
    add constraint visits_rules check ((rules_version is null) = (rules_accepted_at is null) and (rules_version is null) = (rules_accepted_by is null)),
    add constraint visits_rules_version foreign key (site_id, rules_version) references site_rules;

-- The short code of an invitation, for who types instead of scanning: looked up by its
-- keyed hash, and sealed so that it can be mailed and shown. It is gone when the visit
-- is purged.
create table invitation_codes (
    visit_id    uuid primary key references visits,
    code_hash   bytea not null,
    code_sealed bytea not null,
    constraint invitation_codes_hash unique (code_hash)
);
