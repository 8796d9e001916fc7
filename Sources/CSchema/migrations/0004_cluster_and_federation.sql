-- A slot of a duty is held by one live worker; a write under an older epoch is refused.
create table leases (
    duty text collate "C" not null,
    slot integer not null,
    holder text not null,
    epoch bigint not null,
    expires_at timestamptz not null,
    primary key (duty, slot)
);

-- How far a duty's slot has come: a position for each shard.
create table duty_cursors (
    duty text collate "C" not null,
    slot integer not null,
    epoch bigint not null,
    positions bigint[] not null,
    primary key (duty, slot)
);

create table server_keys (
    server_name text collate "C" not null,
    key_id text collate "C" not null,
    public_key bytea not null,
    valid_until_ms bigint not null,
    fetched_ms bigint not null,
    primary key (server_name, key_id)
);

-- Events that other servers sent and that are not yet in their room: durable before the transaction is answered.
create table inbound_events (
    inbound_nid bigint generated always as identity primary key,
    room_id text collate "C" not null,
    event_id text collate "C" not null,
    origin text collate "C" not null,
    body bytea not null,
    received_ms bigint not null,
    attempts integer not null default 0,
    next_attempt_ms bigint not null,
    unique (event_id, room_id)
);
create index inbound_events_due on inbound_events (next_attempt_ms);

-- How far a destination has got. positions is null while it is up to date.
create table destinations (
    server_name text collate "C" primary key,
    behind_since bigint[],
    failing_since_ms bigint,
    retry_at_ms bigint,
    retry_interval_ms bigint
);

create table media (
    media_id text collate "C" primary key,
    uploader_nid bigint,
    content_type text,
    file_name text,
    size_bytes bigint,
    digest bytea,
    created_ms bigint not null,
    unused_expires_ms bigint,
    quarantined boolean not null default false
);
