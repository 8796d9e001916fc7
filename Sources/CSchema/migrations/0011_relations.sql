-- What relates to what: a row for each event with `m.relates_to` that is shown and was not redacted. The parent need not be here.
-- What else it holds is the event's own, so that pages, counts and newest ones are found in the indexes alone.
create table relations (
    room_nid bigint not null,
    event_nid bigint not null,
    parent_id text collate "C" not null,
    rel_type text collate "C" not null,
    depth bigint not null,
    position bigint not null,
    sender_nid bigint not null,
    event_type text collate "C" not null,
    origin_ms bigint not null,
    primary key (room_nid, event_nid)
);
create index relations_by_parent on relations (room_nid, parent_id, depth, position, event_nid);
create index relations_by_type on relations (room_nid, parent_id, rel_type, depth, position, event_nid) include (sender_nid);
create index relations_threads on relations (room_nid, depth, position, event_nid) where rel_type = 'm.thread';

-- Notes how some events of a batch relate to others. `p_places` says which events of the batch these are. An event that comes
-- after its redaction relates to nothing; one that gets its place in the live timeline later moves there.
create function store_relations(
    p_room bigint, p_position bigint, p_places integer[], p_parents text[], p_types text[],
    p_nids bigint[], p_ids text[], p_depths bigint[], p_live boolean[], p_senders bigint[], p_event_types text[],
    p_flags integer[], p_origins bigint[]
) returns void language plpgsql as $$
begin
    insert into relations as r (room_nid, event_nid, parent_id, rel_type, depth, position, sender_nid, event_type, origin_ms)
        select p_room, p_nids[i], parent, type, p_depths[i], case when p_live[i] then p_position else 0 end, p_senders[i],
               p_event_types[i], p_origins[i]
        from unnest(p_places, p_parents, p_types) as t(i, parent, type)
        where p_flags[i] & 7 = 0
            and not exists (select 1 from redactions x where x.room_nid = p_room and x.event_id = p_ids[i])
        on conflict (room_nid, event_nid) do update set position = excluded.position
            where r.position = 0 and excluded.position > 0;
end $$;

-- A redacted event relates to nothing any more.
create function remove_relations(p_room bigint, p_redacted text[]) returns void language plpgsql as $$
begin
    delete from relations r using events e
        where e.event_id = any (p_redacted) and e.room_nid = p_room
            and r.room_nid = p_room and r.event_nid = e.event_nid;
end $$;

-- The middle one of the times of five events in a row, from a place in a room's history on: a server whose clock is wrong does
-- not decide it alone.
create function time_from(p_room bigint, p_depth bigint, p_position bigint) returns bigint stable language plpgsql as $$
begin
    return (select percentile_disc(0.5) within group (order by s.origin_ms) from (
        select e.origin_ms from events e
        where e.room_nid = p_room and (e.depth, e.position, e.event_nid) >= (p_depth, p_position, 0) and e.flags & 7 = 0
        order by e.depth, e.position, e.event_nid limit 5) s);
end $$;

-- The place from which on a room's events are of a time or later, as far as times go up along its history: a search by halves
-- over the depths, and over the positions of those that have the same depth. Where all are earlier it is the last event's.
create function place_at_time(p_room bigint, p_ms bigint, out place_depth bigint, out place_position bigint)
stable language plpgsql as $$
declare
    high bigint;
    middle bigint;
begin
    select e.depth into place_depth from events e where e.room_nid = p_room and e.flags & 7 = 0
        order by e.depth, e.position, e.event_nid limit 1;
    select e.depth into high from events e where e.room_nid = p_room and e.flags & 7 = 0
        order by e.depth desc, e.position desc, e.event_nid desc limit 1;
    while place_depth < high loop
        middle := place_depth + (high - place_depth) / 2;
        if time_from(p_room, middle, 0) < p_ms then place_depth := middle + 1; else high := middle; end if;
    end loop;
    -- There need not be an event at that depth.
    select coalesce(min(e.position), 0), coalesce(max(e.position), 0) into place_position, high from (
        (select e.position from events e where e.room_nid = p_room and e.depth = place_depth and e.flags & 7 = 0
         order by e.position, e.event_nid limit 1)
        union all
        (select e.position from events e where e.room_nid = p_room and e.depth = place_depth and e.flags & 7 = 0
         order by e.position desc, e.event_nid desc limit 1)) e;
    while place_position < high loop
        middle := place_position + (high - place_position) / 2;
        if time_from(p_room, place_depth, middle) < p_ms then place_position := middle + 1; else high := middle; end if;
    end loop;
end $$;
