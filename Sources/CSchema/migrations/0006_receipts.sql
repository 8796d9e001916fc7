-- kind: 1 m.read, 2 m.read.private. thread: '' unthreaded, 'main', or the root's event id.
-- (event_position, event_order) is the event's place in the timeline; no position: an event that we do not have.
create table receipts (
    room_nid bigint not null,
    user_nid bigint not null,
    kind smallint not null,
    thread text collate "C" not null default '',
    event_id text collate "C" not null,
    event_position bigint,
    event_order bigint not null,
    sent_ms bigint not null,
    position bigint not null,
    primary key (room_nid, user_nid, kind, thread)
);
create index receipts_by_position on receipts (room_nid, position);

-- Where the fully-read marker stands: its account data only has the event's id.
create table read_markers (
    room_nid bigint not null,
    user_nid bigint not null,
    event_id text collate "C" not null,
    event_position bigint not null,
    event_order bigint not null,
    primary key (room_nid, user_nid)
);

-- Whether one place of the timeline is after another; of events that we do not have only the time tells.
create function is_later_receipt(
    p_position bigint, p_order bigint, p_sent bigint, o_position bigint, o_order bigint, o_sent bigint
) returns boolean language sql immutable as $$
    select case when p_position is null or o_position is null then p_sent > o_sent
                else (p_position, p_order) > (o_position, o_order) end
$$;

-- Moves a user's receipts in a room and the fully-read marker forward, as one; what would go back is left out. Nothing is
-- written when nothing moves: then there are no positions.
-- The marker is account data of the user's shard, so both shards are locked: the lower one first, as everybody does.
create function move_receipts(
    p_shard smallint, p_room bigint, p_user bigint,
    p_kinds smallint[], p_threads text[], p_events text[], p_positions bigint[], p_orders bigint[], p_sent bigint,
    p_user_shard smallint, p_marker text, p_marker_content bytea, p_marker_position bigint, p_marker_order bigint,
    p_now bigint,
    out new_position bigint, out previous bigint, out is_public boolean, out user_position bigint, out user_previous bigint
) language plpgsql as $$
declare
    moving smallint[];
    marked text;
begin
    perform pg_advisory_xact_lock(7001, least(p_shard, case when p_marker is null then p_shard else p_user_shard end));
    perform pg_advisory_xact_lock(7001, case when p_marker is null then p_shard else greatest(p_shard, p_user_shard) end);
    select array_agg(distinct n.kind) into moving
        from unnest(p_kinds, p_threads, p_events, p_positions, p_orders) as n(kind, thread, event, position, place)
        left join receipts r on r.room_nid = p_room and r.user_nid = p_user and r.kind = n.kind and r.thread = n.thread
        where r.kind is null or is_later_receipt(n.position, n.place, p_sent, r.event_position, r.event_order, r.sent_ms);
    if cardinality(moving) > 0 then
        is_public := 1 = any (moving);
        select a.new_position, a.previous into new_position, previous
            from log_append(p_shard, case when is_public then 2 else 9 end::smallint, p_room, p_user, p_now) a;
        insert into receipts as r (room_nid, user_nid, kind, thread, event_id, event_position, event_order, sent_ms, position)
            select p_room, p_user, n.kind, n.thread, n.event, n.position, n.place, p_sent, new_position
            from unnest(p_kinds, p_threads, p_events, p_positions, p_orders) as n(kind, thread, event, position, place)
            on conflict (room_nid, user_nid, kind, thread) do update
                set event_id = excluded.event_id, event_position = excluded.event_position,
                    event_order = excluded.event_order, sent_ms = excluded.sent_ms, position = excluded.position
                where is_later_receipt(excluded.event_position, excluded.event_order, excluded.sent_ms,
                                       r.event_position, r.event_order, r.sent_ms);
    end if;
    if p_marker is not null then
        select m.event_id into marked from read_markers m where m.room_nid = p_room and m.user_nid = p_user
            and (m.event_position, m.event_order) >= (p_marker_position, p_marker_order);
        if marked is null then
            insert into read_markers as m (room_nid, user_nid, event_id, event_position, event_order)
                values (p_room, p_user, p_marker, p_marker_position, p_marker_order)
                on conflict (room_nid, user_nid) do update
                    set event_id = excluded.event_id, event_position = excluded.event_position,
                        event_order = excluded.event_order;
            select a.new_position, a.previous into user_position, user_previous
                from log_append(p_user_shard, 3::smallint, p_room, p_user, p_now) a;
            insert into account_data (user_nid, room_nid, data_type, content, position)
                values (p_user, p_room, 'm.fully_read', p_marker_content, user_position)
                on conflict (user_nid, room_nid, data_type) do update
                    set content = excluded.content, position = excluded.position;
        end if;
    end if;
end $$;
