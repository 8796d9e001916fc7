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

-- Events that other servers sent and that are not yet in their room, because something that they build on is missing: durable
-- before the transaction is answered. `shard` is their room's, by which workers share the work.
create table inbound_events (
    inbound_nid bigint generated always as identity primary key,
    room_id text collate "C" not null,
    event_id text collate "C" not null,
    origin text collate "C" not null,
    shard smallint not null,
    body bytea not null,
    received_ms bigint not null,
    attempts integer not null default 0,
    next_attempt_ms bigint not null,
    unique (event_id, room_id)
);
create index inbound_events_due on inbound_events (shard, next_attempt_ms);
create index inbound_events_by_room on inbound_events (room_id, inbound_nid);
create index inbound_events_by_origin on inbound_events (origin);

-- Keeps events of one room and origin, as far as there is place; answers the ids that found none.
create function stage_inbound_events(
    p_room_id text, p_shard smallint, p_origin text, p_ids text[], p_bodies bytea[], p_now bigint,
    p_max_room bigint, p_max_origin bigint
) returns setof text language plpgsql as $$
declare
    free bigint;
begin
    free := least(
        p_max_room - (select count(*) from inbound_events e where e.room_id = p_room_id),
        p_max_origin - (select count(*) from inbound_events e where e.origin = p_origin));
    insert into inbound_events (room_id, event_id, origin, shard, body, received_ms, next_attempt_ms)
        select p_room_id, t.id, p_origin, p_shard, t.body, p_now, p_now
        from unnest(p_ids, p_bodies) with ordinality as t(id, body, i) where t.i <= free order by t.i
        on conflict (event_id, room_id) do nothing;
    return query select t.id from unnest(p_ids) as t(id)
        where not exists (select 1 from inbound_events e where e.event_id = t.id and e.room_id = p_room_id);
end $$;

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
