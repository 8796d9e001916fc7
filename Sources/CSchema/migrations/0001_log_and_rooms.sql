-- What an installation is: a restore from a backup gets a new incarnation, so that sync tokens of a lost future are recognised.
create table installation (
    singleton boolean primary key default true check (singleton),
    incarnation uuid not null default gen_random_uuid(),
    shard_count smallint not null check (shard_count between 1 and 256),
    server_name text not null,
    created_ms bigint not null
);

create table servers (
    server_nid bigint generated always as identity primary key,
    server_name text collate "C" not null unique
);

create table users (
    user_nid bigint generated always as identity primary key,
    user_id text collate "C" not null unique,
    server_nid bigint not null references servers,
    shard smallint not null
);

create table rooms (
    room_nid bigint generated always as identity primary key,
    room_id text collate "C" not null unique,
    shard smallint not null,
    -- Empty while we know the room by an invite only, whose sender need not tell the truth.
    version text not null,
    created_ms bigint not null
);

create table state_keys (
    state_key_nid bigint generated always as identity primary key,
    event_type text collate "C" not null,
    state_key text collate "C" not null,
    unique (event_type, state_key)
);

-- Taken by workers in blocks of 64: see "Numbers for names" in ARCHITECTURE.md.
create sequence event_nids increment by 64;
create sequence pack_nids increment by 64;

-- The one feed. A row of kind 1 is a room's head while it is the newest of its room.
create table log (
    shard smallint not null,
    position bigint not null,
    kind smallint not null,
    room_nid bigint,
    user_nid bigint,
    version bigint,
    extremities bigint[],
    state_root bytea,
    event_nids bigint[],
    member_nids bigint[],
    redacted text[],
    written_ms bigint not null,
    primary key (shard, position)
);
create unique index log_room_version on log (room_nid, version) where version is not null;

create table events (
    room_nid bigint not null,
    event_nid bigint not null,
    event_id text collate "C" not null,
    position bigint not null,
    depth bigint not null,
    sender_nid bigint not null,
    event_type text collate "C" not null,
    state_key_nid bigint,
    flags integer not null,
    origin_ms bigint not null,
    state_before bytea,
    auth_nids bytea not null,
    body bytea not null,
    device_id text collate "C",
    transaction_id text collate "C",
    primary key (room_nid, event_nid),
    constraint events_id unique (event_id, room_nid)
);
-- Bodies are read as a whole and compress badly a kilobyte at a time.
alter table events alter column body set storage external;
create index events_by_position on events (room_nid, position, event_nid) where position > 0;
-- Flag 4: an outlier, whose place in the graph is not known.
create index events_by_depth on events (room_nid, depth, position, event_nid) where flags & 7 = 0;
-- Nearly all are shown. The planner takes a condition that it knows nothing of for one that one row of two hundred meets, and
-- would read a whole room by this index, of which it thinks that it holds so little, to find the newest of a stretch.
create statistics events_shown on (flags & 7) from events;
create unique index events_by_transaction on events (sender_nid, room_nid, device_id, event_type, transaction_id)
    where transaction_id is not null;

-- A redaction that has taken effect: the event as served is the pruned one.
create table redactions (
    room_nid bigint not null,
    event_id text collate "C" not null,
    redaction_nid bigint not null,
    primary key (room_nid, event_id)
);

-- Previous events that we know of and do not have: where backfill goes on.
create table missing_events (
    room_nid bigint not null,
    event_id text collate "C" not null,
    child_nid bigint not null,
    primary key (room_nid, event_id, child_nid)
);

-- New nodes of the state tree, one row an update.
create table state_packs (
    room_nid bigint not null,
    pack_nid bigint not null,
    body bytea not null,
    primary key (room_nid, pack_nid)
);
alter table state_packs alter column body set storage external;

-- The newest membership of a user in a room. `shard` says whose position `position` is: the room's, or the user's
-- when the room's own log does not have it (an invite to a room that we are not in).
create table memberships (
    room_nid bigint not null,
    user_nid bigint not null,
    server_nid bigint not null,
    membership smallint not null check (membership between 1 and 5),
    event_nid bigint not null,
    shard smallint not null,
    position bigint not null,
    -- Where the user's present stay in the room began; 0 when the user is not in it.
    joined_position bigint not null default 0,
    -- Where the user's last stay ended, in the room's shard; 0 when none has.
    left_position bigint not null default 0,
    forgotten boolean not null default false,
    stripped_state bytea,
    primary key (room_nid, user_nid)
);
create index memberships_by_user on memberships (user_nid, room_nid);
create index memberships_by_position on memberships (room_nid, position);
create index memberships_by_server on memberships (room_nid, server_nid) where membership = 1;
create index memberships_joined_server on memberships (server_nid, room_nid) where membership = 1;

create table room_aliases (
    alias text collate "C" primary key,
    room_nid bigint not null,
    creator_nid bigint not null,
    created_ms bigint not null
);
create index room_aliases_by_room on room_aliases (room_nid);

create table published_rooms (
    room_nid bigint primary key
);

-- Where a user's notifications for an event differ from what the default push rules say (`events.flags`, bit 8).
-- actions: bit 1 notifies, bit 2 highlights.
create table notification_exceptions (
    room_nid bigint not null,
    user_nid bigint not null,
    position bigint not null,
    event_nid bigint not null,
    actions smallint not null,
    primary key (room_nid, user_nid, position, event_nid)
);
