-- Appends one row to a shard's log. The lock is held until the transaction is committed and visible, so the positions of
-- a shard become visible in order; `previous` lets a follower see that it missed nothing.
create function log_append(
    p_shard smallint, p_kind smallint, p_room bigint, p_user bigint, p_now bigint,
    out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7001, p_shard);
    select coalesce(max(l.position), 0) into previous from log l where l.shard = p_shard;
    new_position := previous + 1;
    insert into log (shard, position, kind, room_nid, user_nid, written_ms)
        values (p_shard, new_position, p_kind, p_room, p_user, p_now);
end $$;

-- Compare-and-append: writes a batch of events of one room if the room's head still has version `p_expected` (0: no head
-- yet). Otherwise nothing is written, and the answer is the head that is there.
-- `outcome`: 0 written, 1 another append was first.
create function append_room_events(
    p_shard smallint, p_room bigint, p_expected bigint, p_now bigint,
    p_extremities bigint[], p_state_root bytea,
    p_nids bigint[], p_ids text[], p_live boolean[], p_depths bigint[], p_senders bigint[], p_types text[],
    p_state_keys bigint[], p_flags integer[], p_origins bigint[], p_states bytea[], p_auths bytea[], p_bodies bytea[],
    p_devices text[], p_transactions text[],
    p_pack_nids bigint[], p_packs bytea[],
    p_member_users bigint[], p_member_servers bigint[], p_memberships smallint[], p_member_events bigint[],
    p_redacted text[], p_redactions bigint[],
    p_missing text[], p_missing_children bigint[],
    p_notified_users bigint[], p_notified_events bigint[], p_notified_actions smallint[],
    p_related integer[], p_related_parents text[], p_related_types text[],
    p_threaded bigint[], p_thread_roots text[],
    out outcome smallint, out new_position bigint, out previous bigint,
    out head_version bigint, out head_extremities bigint[], out head_root bytea
) language plpgsql as $$
declare locked text;
begin
    -- An expression, which needs no plan of its own. What follows sees all that was committed when the lock was taken.
    locked := pg_advisory_xact_lock(7001, p_shard)::text;
    select l.version, l.extremities, l.state_root into head_version, head_extremities, head_root
        from log l where l.room_nid = p_room and l.version is not null order by l.version desc limit 1;
    head_version := coalesce(head_version, 0);
    if head_version <> p_expected then
        outcome := 1;
        return;
    end if;
    select coalesce(max(l.position), 0) into previous from log l where l.shard = p_shard;
    new_position := previous + 1;
    insert into log (shard, position, kind, room_nid, version, extremities, state_root, event_nids, member_nids,
                     redacted, written_ms)
        values (p_shard, new_position, 1, p_room, p_expected + 1, p_extremities, p_state_root,
                case when true = all (p_live) then p_nids
                     else (select array_agg(p_nids[i] order by i) from generate_subscripts(p_nids, 1) as i where p_live[i]) end,
                case when cardinality(p_member_users) > 0 then p_member_users end,
                case when cardinality(p_redacted) > 0 then p_redacted end, p_now);
    -- An event that was known as an outlier keeps its number and gets its place. By subscripts, since the parallel arrays of
    -- a call are most often of one event, for which `unnest` sets up a table.
    insert into events as e (room_nid, event_nid, event_id, position, depth, sender_nid, event_type, state_key_nid, flags,
                        origin_ms, state_before, auth_nids, body, device_id, transaction_id)
        select p_room, p_nids[i], p_ids[i], case when p_live[i] then new_position else 0 end, p_depths[i], p_senders[i],
               p_types[i], p_state_keys[i], p_flags[i], p_origins[i], p_states[i], p_auths[i], p_bodies[i], p_devices[i],
               p_transactions[i]
        from generate_subscripts(p_nids, 1) as i
        on conflict (room_nid, event_nid) do update
            set position = excluded.position, flags = excluded.flags, state_before = excluded.state_before
            where e.position = 0 and (excluded.position > 0 or e.flags & 4 <> 0);
    if cardinality(p_pack_nids) > 0 then
        insert into state_packs (room_nid, pack_nid, body) select p_room, n, b from unnest(p_pack_nids, p_packs) as t(n, b);
    end if;
    if cardinality(p_member_users) > 0 then
        insert into memberships as was (room_nid, user_nid, server_nid, membership, event_nid, shard, position, joined_position)
            select p_room, u, s, m, e, p_shard, new_position, case when m = 1 then new_position else 0 end
            from unnest(p_member_users, p_member_servers, p_memberships, p_member_events) as t(u, s, m, e)
            on conflict (room_nid, user_nid) do update
                set membership = excluded.membership, event_nid = excluded.event_nid, shard = excluded.shard,
                    position = excluded.position, forgotten = false, stripped_state = null,
                    -- Who changes a name or picture is in the room as before.
                    joined_position = case when was.membership = 1 and excluded.membership = 1 then was.joined_position
                                           else excluded.joined_position end,
                    left_position = case when was.membership = 1 and excluded.membership <> 1 then excluded.position
                                         else was.left_position end;
    end if;
    if cardinality(p_related) > 0 then
        perform store_relations(p_room, new_position, p_related, p_related_parents, p_related_types,
            p_nids, p_ids, p_depths, p_live, p_senders, p_types, p_flags, p_origins);
    end if;
    if cardinality(p_redacted) > 0 then
        insert into redactions (room_nid, event_id, redaction_nid)
            select p_room, r, n from unnest(p_redacted, p_redactions) as t(r, n) on conflict do nothing;
        perform remove_relations(p_room, p_redacted);
    end if;
    if cardinality(p_missing) > 0 then
        insert into missing_events (room_nid, event_id, child_nid)
            select p_room, m, c from unnest(p_missing, p_missing_children) as t(m, c) on conflict do nothing;
    end if;
    if exists (select 1 from missing_events m where m.room_nid = p_room) then
        delete from missing_events m where m.room_nid = p_room
            and m.event_id in (select id from unnest(p_ids, p_flags) as t(id, flag) where flag & 4 = 0);
    end if;
    if cardinality(p_threaded) > 0 then
        insert into thread_events (room_nid, position, event_nid, root)
            select p_room, new_position, t.event, t.root from unnest(p_threaded, p_thread_roots) as t(event, root);
    end if;
    if cardinality(p_notified_users) > 0 then
        insert into notification_exceptions (room_nid, user_nid, position, event_nid, actions)
            select p_room, u, new_position, e, a from unnest(p_notified_users, p_notified_events, p_notified_actions) as t(u, e, a);
    end if;
    outcome := 0;
    head_version := p_expected + 1;
    head_extremities := p_extremities;
    head_root := p_state_root;
end $$;

-- Writes events that have no place in the live timeline: backfilled ones, outliers, rejected and soft-failed ones.
-- What is there already keeps its number; an outlier becomes a placed event. An event that another worker has given another
-- number meanwhile is a unique violation: whatever cites it has to be numbered again.
create function store_events(
    p_room bigint,
    p_nids bigint[], p_ids text[], p_depths bigint[], p_senders bigint[], p_types text[],
    p_state_keys bigint[], p_flags integer[], p_origins bigint[], p_states bytea[], p_auths bytea[], p_bodies bytea[],
    p_pack_nids bigint[], p_packs bytea[], p_missing text[], p_missing_children bigint[],
    p_redacted text[], p_redactions bigint[],
    p_related integer[], p_related_parents text[], p_related_types text[]
) returns void language plpgsql as $$
begin
    insert into events as e (room_nid, event_nid, event_id, position, depth, sender_nid, event_type, state_key_nid, flags,
                        origin_ms, state_before, auth_nids, body)
        select p_room, nid, id, 0, depth, sender, type, state_key, flag, origin, state, auth, body
        from unnest(p_nids, p_ids, p_depths, p_senders, p_types, p_state_keys, p_flags, p_origins, p_states, p_auths, p_bodies)
            as t(nid, id, depth, sender, type, state_key, flag, origin, state, auth, body)
        -- In one order everywhere, so that two workers that store the same events do not wait for each other.
        order by id
        on conflict on constraint events_id do update
            set flags = excluded.flags, state_before = excluded.state_before
            where e.position = 0 and e.flags & 4 <> 0 and excluded.flags & 4 = 0;
    if exists (select 1 from unnest(p_nids, p_ids) as t(nid, id) join events e on e.event_id = t.id and e.room_nid = p_room
               where e.event_nid <> t.nid) then
        raise unique_violation using message = 'an event has another number';
    end if;
    if cardinality(p_pack_nids) > 0 then
        insert into state_packs (room_nid, pack_nid, body) select p_room, n, b from unnest(p_pack_nids, p_packs) as t(n, b);
    end if;
    delete from missing_events m where m.room_nid = p_room
        and m.event_id in (select id from unnest(p_ids, p_flags) as t(id, flag) where flag & 4 = 0);
    if cardinality(p_missing) > 0 then
        insert into missing_events (room_nid, event_id, child_nid)
            select p_room, m, c from unnest(p_missing, p_missing_children) as t(m, c) on conflict do nothing;
    end if;
    if cardinality(p_related) > 0 then
        perform store_relations(p_room, 0, p_related, p_related_parents, p_related_types,
            p_nids, p_ids, p_depths, array_fill(false, array[cardinality(p_nids)]), p_senders, p_types, p_flags, p_origins);
    end if;
    if cardinality(p_redacted) > 0 then
        insert into redactions (room_nid, event_id, redaction_nid)
            select p_room, r, n from unnest(p_redacted, p_redactions) as t(r, n) on conflict do nothing;
        perform remove_relations(p_room, p_redacted);
    end if;
end $$;

-- Numbers for names. What is there is only read; a name that another transaction has just inserted is found by the second
-- statement, which sees what was committed before it started.
create function intern_users(p_ids text[], p_servers text[], p_shards smallint[])
returns table (user_id text, user_nid bigint, server_nid bigint, shard smallint) language plpgsql as $$
#variable_conflict use_column
begin
    if exists (select 1 from unnest(p_ids) as t(id) where not exists (select 1 from users u where u.user_id = t.id)) then
        insert into servers (server_name)
            select distinct s from unnest(p_servers) as t(s)
            where not exists (select 1 from servers x where x.server_name = t.s) order by s on conflict do nothing;
        insert into users (user_id, server_nid, shard)
            select distinct on (t.id) t.id, (select x.server_nid from servers x where x.server_name = t.s), t.h
            from unnest(p_ids, p_servers, p_shards) as t(id, s, h)
            where not exists (select 1 from users u where u.user_id = t.id) order by t.id on conflict do nothing;
    end if;
    return query select u.user_id, u.user_nid, u.server_nid, u.shard from users u where u.user_id = any (p_ids);
end $$;

create function intern_state_keys(p_types text[], p_keys text[])
returns table (event_type text, state_key text, state_key_nid bigint) language plpgsql as $$
#variable_conflict use_column
begin
    insert into state_keys (event_type, state_key)
        select distinct t, k from unnest(p_types, p_keys) as i(t, k)
        where not exists (select 1 from state_keys s where s.event_type = i.t and s.state_key = i.k)
        order by t, k on conflict do nothing;
    return query select s.event_type, s.state_key, s.state_key_nid
        from unnest(p_types, p_keys) as i(t, k) join state_keys s on s.event_type = i.t and s.state_key = i.k;
end $$;

create function intern_room(p_room_id text, p_shard smallint, p_version text, p_now bigint)
returns table (room_nid bigint, room_id text, shard smallint, version text) language plpgsql as $$
#variable_conflict use_column
begin
    update rooms set version = p_version where room_id = p_room_id and version = '' and p_version <> '';
    insert into rooms (room_id, shard, version, created_ms)
        select p_room_id, p_shard, p_version, p_now
        where not exists (select 1 from rooms r where r.room_id = p_room_id) on conflict do nothing;
    return query select r.room_nid, r.room_id, r.shard, r.version from rooms r where r.room_id = p_room_id;
end $$;

-- A membership that the room's own log does not tell: a remote invite or knock, or its end. Written in the user's shard.
create function set_membership_out_of_band(
    p_shard smallint, p_room bigint, p_user bigint, p_server bigint, p_membership smallint, p_event bigint,
    p_stripped bytea, p_now bigint, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    select a.new_position, a.previous into new_position, previous from log_append(p_shard, 6::smallint, p_room, p_user, p_now) a;
    insert into memberships as m (room_nid, user_nid, server_nid, membership, event_nid, shard, position, stripped_state)
        values (p_room, p_user, p_server, p_membership, p_event, p_shard, new_position, p_stripped)
        on conflict (room_nid, user_nid) do update
            set membership = excluded.membership, event_nid = excluded.event_nid, shard = excluded.shard,
                position = excluded.position, joined_position = 0, forgotten = false,
                stripped_state = excluded.stripped_state;
end $$;

-- Forgets a room that the user is not in any more; no position when there is nothing to forget.
create function forget_room(
    p_shard smallint, p_room bigint, p_user bigint, p_now bigint, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7001, p_shard);
    update memberships set forgotten = true
        where room_nid = p_room and user_nid = p_user and membership in (4, 5) and not forgotten;
    if found then
        select a.new_position, a.previous into new_position, previous
            from log_append(p_shard, 6::smallint, p_room, p_user, p_now) a;
    end if;
end $$;

create function intern_server(p_name text) returns bigint language plpgsql as $$
begin
    insert into servers (server_name) select p_name
        where not exists (select 1 from servers s where s.server_name = p_name) on conflict do nothing;
    return (select s.server_nid from servers s where s.server_name = p_name);
end $$;
