-- +goose Up

-- Keys of the deployment: the agents' certificate authority and the signer of
-- audit checkpoints. The private halves are sealed with FOYER_KEY.
create table deployment_keys (
    name           text primary key,
    public         bytea       not null,
    private_sealed bytea       not null,
    created_at     timestamptz not null
);

create table sites (
    id                   uuid primary key,
    name                 text        not null,
    timezone             text        not null,
    address              text        not null default '',
    networks             jsonb       not null default '[]', -- pass phrases sealed
    default_stay_seconds integer,
    max_stay_seconds     integer,
    termination_seconds  integer,
    device_limit         integer     not null default 0,
    crm                  text,                              -- null: none configured
    archived_at          timestamptz,
    created_at           timestamptz not null,
    updated_at           timestamptz not null,
    constraint sites_name_length check (char_length(name) between 1 and 200),
    constraint sites_spans check (default_stay_seconds > 0 and max_stay_seconds > 0 and termination_seconds > 0),
    constraint sites_device_limit check (device_limit >= 0)
);

-- One row a site, updated last in every transaction that changes what agents
-- follow or what the audit records. The row lock is held to the commit, so that
-- the order of revisions is the order of commits and a rollback leaves no gap.
create table site_heads (
    site_id    uuid primary key references sites,
    revision   bigint not null default 0,
    stamp      bigint not null default 0,
    audit_seq  bigint not null default 0,
    audit_hash bytea  not null default '\x'
);

-- The same for audit rows that belong to no site.
create table deployment_head (
    id         boolean primary key default true,
    audit_seq  bigint not null default 0,
    audit_hash bytea  not null default '\x',
    constraint deployment_head_single check (id)
);
insert into deployment_head default values;

-- What changed, in order, without the change itself: an entry is composed from
-- its object's current row, and a missing row is a removal.
create table site_ledger (
    site_id   uuid        not null references sites,
    revision  bigint      not null,
    stamp     bigint      not null,
    kind      text        not null,
    object_id uuid        not null,
    at        timestamptz not null,
    primary key (site_id, revision),
    constraint site_ledger_kind check (kind in ('voucher', 'nas', 'roll', 'authentication'))
);
create index site_ledger_at on site_ledger (at);

create table people (
    id         uuid primary key,
    first_name text        not null,
    last_name  text        not null,
    email      text        not null default '',
    phone      text        not null default '',
    company    text        not null default '',
    created_at timestamptz not null,
    updated_at timestamptz not null
);

create table visits (
    id                     uuid primary key,
    site_id                uuid        not null references sites,
    person_id              uuid        not null references people,
    readmit_of             uuid references visits,
    visitor_first_name     text        not null,
    visitor_last_name      text        not null,
    visitor_email          text        not null default '',
    visitor_phone          text        not null default '',
    visitor_company        text        not null default '',
    host_name              text        not null default '',
    host_email             text        not null default '',
    purpose                text        not null default '',
    status                 text        not null,
    presence               text,
    expected_arrival       timestamptz not null,
    expected_departure     timestamptz not null,
    check_in_requested_at  timestamptz,
    check_in_requested_by  text,
    check_in_taken_at      timestamptz, -- stamped by the workflow alone, never by the API's fallback
    checked_in_at          timestamptz,
    check_out_requested_at timestamptz,
    check_out_requested_by text,
    check_out_taken_at     timestamptz, -- as check_in_taken_at
    ended_at               timestamptz,
    ended_by               text,
    left_at                timestamptz,
    sealed_at              timestamptz,
    generation             integer     not null default 1, -- of terminations
    intent_sent_at         timestamptz, -- by the sweeper, last time
    intent_tries           integer     not null default 0,
    created_at             timestamptz not null,
    updated_at             timestamptz not null,
    constraint visits_status check (status in ('pre_registered', 'checked_in', 'checked_out', 'expired', 'cancelled', 'no_show')),
    constraint visits_presence check (presence in ('expected', 'in', 'left', 'unconfirmed')),
    constraint visits_status_presence check (
        case status
            when 'pre_registered' then presence = 'expected'
            when 'checked_in'     then presence = 'in'
            when 'checked_out'    then presence = 'left'
            when 'expired'        then presence in ('unconfirmed', 'left')
            else presence is null
        end),
    constraint visits_checked_in check ((status in ('checked_in', 'checked_out', 'expired')) = (checked_in_at is not null)),
    constraint visits_ended check ((status in ('pre_registered', 'checked_in')) = (ended_at is null)),
    constraint visits_ended_by check ((ended_at is null) = (ended_by is null)),
    constraint visits_left check ((presence is not distinct from 'left') = (left_at is not null)),
    constraint visits_sealed check (sealed_at is null or ended_at is not null),
    constraint visits_span check (expected_departure > least(expected_arrival, checked_in_at)) -- people come early
);
create unique index visits_readmit_of on visits (readmit_of) where readmit_of is not null;
create index visits_person on visits (person_id);
create index visits_tab_expected on visits (site_id, expected_arrival, id) where status = 'pre_registered';
create index visits_tab_on_site on visits (site_id, expected_departure, id) where presence in ('in', 'unconfirmed');
create index visits_tab_completed on visits (site_id, ended_at desc, id desc) where ended_at is not null;
create index visits_open on visits (id) where checked_in_at is not null and sealed_at is null;
create index visits_due on visits (expected_departure) where status in ('pre_registered', 'checked_in');
create index visits_intents on visits (check_in_requested_at)
    where sealed_at is null and (check_in_requested_at is not null and check_in_taken_at is null
                                 or check_out_requested_at is not null and check_out_taken_at is null);
create index visits_newest on visits (site_id, id desc);

create table vouchers (
    id              uuid primary key,
    visit_id        uuid        not null references visits,
    site_id         uuid        not null references sites,
    username        text        not null,
    password_sealed bytea,
    not_before      timestamptz not null,
    not_after       timestamptz not null,
    created_revision bigint     not null default 0, -- of the site ledger, at its creation
    revision        bigint      not null default 0, -- and at the last change
    created_at      timestamptz not null,
    revoked_at      timestamptz,
    revoked_by      text,
    wiped_at        timestamptz,
    constraint vouchers_username unique (username), -- for ever: rows are never deleted with their name free
    constraint vouchers_span check (not_after > not_before),
    constraint vouchers_revoked_by check ((revoked_at is null) = (revoked_by is null)),
    constraint vouchers_wiped check ((wiped_at is null) = (password_sealed is not null))
);
create unique index vouchers_one_live on vouchers (visit_id) where revoked_at is null;
create index vouchers_visit on vouchers (visit_id);
create index vouchers_live on vouchers (site_id, id) where revoked_at is null;
create index vouchers_unwiped on vouchers (revoked_at) where wiped_at is null;

create table agents (
    id                   uuid primary key,
    site_id              uuid        not null references sites,
    name                 text        not null,
    enrolment_hash       bytea,
    enrolment_expires_at timestamptz,
    enrolled_at          timestamptz,
    enrolled_spki        bytea,       -- SHA-256 of the public key the token was used with
    epoch                bigint      not null default 0,
    hub                  text,        -- the replica that holds the link; null when none
    connected_at         timestamptz,
    disconnected_at      timestamptz,
    last_seen_at         timestamptz,
    suspect_since        timestamptz,
    version              text        not null default '',
    journal_id           text,
    stats                jsonb,       -- the last agent.stats
    acked_revision       bigint      not null default 0,
    acked_stamp          bigint      not null default 0,
    replaced_at          timestamptz[] not null default '{}',
    quarantined_at       timestamptz,
    withdrawn_at         timestamptz,
    created_at           timestamptz not null,
    constraint agents_name_length check (char_length(name) between 1 and 200),
    constraint agents_enrolment unique (enrolment_hash)
);
create index agents_site on agents (site_id) where withdrawn_at is null;

create table agent_certificates (
    serial      text primary key,
    agent_id    uuid        not null references agents,
    spki_sha256 bytea       not null,
    certificate bytea       not null, -- DER; public
    not_after   timestamptz not null,
    created_at  timestamptz not null
);
create index agent_certificates_agent on agent_certificates (agent_id);

-- How far each journal of each agent is stored: a repeated record is below it.
create table agent_journals (
    agent_id   uuid   not null references agents,
    journal_id text   not null,
    sequence   bigint not null,
    primary key (agent_id, journal_id)
);

create table nases (
    id                      uuid primary key,
    site_id                 uuid        not null references sites,
    name                    text        not null,
    source                  cidr        not null,
    secret_sealed           bytea       not null,
    message_authenticator   text        not null default 'require',
    driver                  text        not null default 'radius',
    coa_address             text        not null default '',
    coa_port                integer     not null default 3799,
    max_session_seconds     integer,
    interim_seconds         integer     not null default 300,
    disconnect_confirmed_at timestamptz,
    accounting_seen_at      timestamptz,
    deleted_at              timestamptz,
    created_at              timestamptz not null,
    updated_at              timestamptz not null,
    constraint nases_message_authenticator check (message_authenticator in ('require', 'auto', 'allow_none')),
    constraint nases_coa_port check (coa_port between 1 and 65535),
    constraint nases_max_session check (max_session_seconds = 0 or max_session_seconds >= 60),
    constraint nases_interim check (interim_seconds >= 60)
);
create unique index nases_source on nases (site_id, source) where deleted_at is null;

create table sessions (
    id              uuid primary key,
    site_id         uuid        not null references sites,
    agent_id        uuid        not null references agents, -- that last reported it
    nas_id          uuid        not null references nases,
    acct_session_id text        not null,                   -- '' : known from an Access-Accept only
    started_at      timestamptz not null,
    voucher_id      uuid references vouchers,
    visit_id        uuid references visits,
    username        text        not null default '',
    mac             text        not null default '',
    mac_spelt       text        not null default '',
    ip              text        not null default '',
    nas_address     text        not null default '',
    nas_ip          text        not null default '',
    nas_identifier  text        not null default '',
    called_station  text        not null default '',
    input_octets    bigint      not null default 0,
    output_octets   bigint      not null default 0,
    expires_at      timestamptz,
    last_seen_at    timestamptz not null,
    ended_at        timestamptz,
    terminate_cause text        not null default '',
    constraint sessions_key unique (nas_id, acct_session_id, started_at, username, mac)
);
create index sessions_visit on sessions (visit_id);
create index sessions_open on sessions (site_id) where ended_at is null;
create index sessions_open_nas on sessions (nas_id) where ended_at is null;
create index sessions_open_voucher on sessions (voucher_id) where ended_at is null;

-- One row a (visit, generation): the attempt under way, and the result.
create table commands (
    visit_id     uuid        not null references visits,
    generation   integer     not null,
    site_id      uuid        not null references sites,
    attempt      integer     not null,
    workflow_id  text, -- null: started by hand after the visit was sealed
    run_id       text,
    activity_id  text,
    agent_id     uuid references agents, -- claimed by
    epoch        bigint,
    claimed_at   timestamptz,
    result       jsonb,
    result_at    timestamptz, -- of this attempt
    final        boolean     not null default false,
    delivered_at timestamptz, -- to the activity
    failed_at    timestamptz, -- the time limit was reached
    created_at   timestamptz not null,
    updated_at   timestamptz not null,
    primary key (visit_id, generation),
    constraint commands_activity check ((workflow_id is null) = (activity_id is null)),
    constraint commands_claim check ((agent_id is null) = (claimed_at is null))
);
create index commands_waiting on commands (site_id) where result_at is null;
create index commands_undelivered on commands (result_at) where result_at is not null and delivered_at is null;

-- Every result for every session, as it came in.
create table terminations (
    id            uuid primary key,
    site_id       uuid        not null references sites,
    visit_id      uuid references visits,
    generation    integer, -- null: the agent acted by itself
    attempt       integer,
    agent_id      uuid        not null references agents,
    session_id    uuid references sessions,
    nas_id        uuid references nases,
    state         text        not null,
    reason        text        not null default '',
    until         timestamptz,
    no_accounting boolean     not null default false,
    attempts      jsonb       not null default '[]',
    at            timestamptz not null,
    constraint terminations_state check (state in ('requested', 'accepted', 'confirmed', 'absent', 'unconfirmed', 'failed', 'left_to_timeout'))
);
create index terminations_visit on terminations (visit_id, at);
create index terminations_session on terminations (session_id);

create table refused_logins (
    id        uuid primary key,
    site_id   uuid        not null references sites,
    agent_id  uuid        not null references agents,
    nas_id    uuid references nases,
    voucher_id uuid references vouchers,
    reason    text        not null,
    username  text        not null default '',
    mac       text        not null default '',
    method    text        not null default '',
    count     integer     not null default 1,
    at        timestamptz not null
);
create index refused_logins_site on refused_logins (site_id, at desc, id desc);

-- Ids, kinds, instants and numbers only: nothing personal. (chain, seq) is the
-- audit row's and is in commit order, so that it serves as a durable cursor.
create table events (
    id       uuid primary key,
    kind     text        not null,
    site_id  uuid references sites,
    visit_id uuid references visits,
    agent_id uuid references agents,
    actor    text        not null,
    at       timestamptz not null,
    data     jsonb       not null default '{}',
    chain    text        not null,
    seq      bigint      not null,
    constraint events_cursor unique (chain, seq)
);
create unique index events_one_terminal on events (visit_id)
    where kind in ('visitor.checked_out', 'visitor.expired', 'visitor.cancelled', 'visitor.no_show');
create index events_visit on events (visit_id, at);
create index events_site on events (site_id, at desc, id desc);

create table audit (
    chain     text        not null, -- a site's id, or 'deployment'
    seq       bigint      not null,
    at        timestamptz not null,
    actor     text        not null,
    action    text        not null,
    event_id  uuid,
    object    text        not null default '',
    body      jsonb       not null default '{}',
    prev_hash bytea       not null,
    hash      bytea       not null,
    primary key (chain, seq),
    constraint audit_event unique (event_id) -- one audit row per event
);
create index audit_at on audit (chain, at desc, seq desc);

create table audit_checkpoints (
    chain     text        not null,
    seq       bigint      not null,
    hash      bytea       not null,
    at        timestamptz not null,
    key_id    text        not null,
    signature bytea       not null,
    primary key (chain, seq)
);

create table users (
    id              uuid primary key,
    email           text        not null,
    name            text        not null default '',
    password_hash   text        not null,
    role            text        not null,
    sites           uuid[],      -- null: all
    failed_attempts integer     not null default 0,
    failed_at       timestamptz,
    disabled_at     timestamptz,
    created_at      timestamptz not null,
    updated_at      timestamptz not null
);
create unique index users_email on users (lower(email));

create table logins (
    token_hash   bytea primary key, -- SHA-256 of the cookie's value
    user_id      uuid        not null references users,
    created_at   timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at   timestamptz not null,
    revoked_at   timestamptz
);
create index logins_user on logins (user_id);

create table tokens (
    id           uuid primary key,
    name         text        not null,
    secret_hash  bytea       not null, -- SHA-256
    permissions  text[]      not null,
    sites        uuid[],      -- null: all
    created_by   text        not null,
    created_at   timestamptz not null,
    expires_at   timestamptz,
    last_used_at timestamptz,
    revoked_at   timestamptz,
    constraint tokens_secret unique (secret_hash)
);

create table idempotency (
    caller       text        not null, -- actor
    key          text        not null, -- keyed hash of the header's value
    request_hash bytea       not null,
    status       integer     not null,
    object_id    text        not null,
    unchanged    boolean     not null default false, -- the request's wish was already fulfilled
    created_at   timestamptz not null,
    primary key (caller, key),
    constraint idempotency_key_length check (octet_length(key) <= 64)
);
create index idempotency_at on idempotency (created_at);
