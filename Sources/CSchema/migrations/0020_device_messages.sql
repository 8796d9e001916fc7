-- Messages to devices of local users that have not acknowledged them. `position` is one of the user's shard, of a row of kind 4;
-- `place` puts those of one position in order. `body` is the event as the device gets it.
create table device_messages (
    user_nid bigint not null,
    device_id text collate "C" not null,
    position bigint not null,
    place integer not null,
    body bytea not null,
    primary key (user_nid, device_id, position, place)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
-- What is encrypted does not compress.
alter table device_messages alter column body set storage external;

-- What was sent already: a digest of the sending device and its transaction id, or of the server and its message id.
create table known_device_messages (
    digest bytea primary key,
    expires_ms bigint not null
);
create index known_device_messages_by_age on known_device_messages (expires_ms);

-- Inboxes of deleted devices that were too large to go with them. A new device of the same name begins after them.
create table abandoned_inboxes (
    user_nid bigint not null,
    device_id text collate "C" not null,
    position bigint not null,
    primary key (user_nid, device_id)
);

-- EDUs that other servers have to get, as they go out, until they have been delivered. (shard, position) is their row of the log,
-- of kind 12, in the shard of whoever sends them; within a shard numbers ascend with positions.
create table outgoing_edus (
    edu_nid bigint generated always as identity,
    server_name text collate "C" not null,
    shard smallint not null,
    position bigint not null,
    body bytea not null,
    created_ms bigint not null,
    primary key (server_name, edu_nid)
) with (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
create index outgoing_edus_by_position on outgoing_edus (shard, position);
alter table outgoing_edus alter column body set storage external;

-- Stores messages to devices, of one or several sources, all of them or none, and a row of the log for each user who gets some.
-- A source is known by its digest: what was sent before is left out. `*` stands for all devices of a user that the same source
-- does not name; devices that are not there get nothing. What is for other servers has one row of the log for all of it.
-- `p_locks`: all shards that may be written, ascending. `p_plain`: there is one source, nothing for `*` or for other servers, and
-- what is for one user stands together, in the order of the shards; then the same is done in small statements, which cost less.
-- More than p_max_rows rows, or bytes, is error 54000: then nothing was stored.
create function send_device_messages(
    p_plain boolean, p_locks smallint[], p_digests bytea[], p_expires bigint,
    p_users bigint[], p_shards smallint[], p_devices text[], p_sources integer[], p_bodies bytea[],
    p_outgoing_shard smallint, p_servers text[], p_outgoing_sources integer[], p_edus bytea[],
    p_max_rows bigint, p_max_bytes bigint, p_now bigint
) returns table (shard smallint, user_nid bigint, new_position bigint, previous bigint) language plpgsql
-- A few rows by their keys: plans are kept, and a table may grow after that.
set random_page_cost = 1.1 as $$
#variable_conflict use_column
declare
    v_new bytea[];
    v_entries bigint[];
    v_devices text[];
    v_sends boolean;
    v_shard smallint;
    v_locked text;
    v_present boolean[];
    v_heads bigint[];
    v_head bigint;
    v_positions bigint[];
    v_first boolean[];
begin
    if p_plain then
        insert into known_device_messages (digest, expires_ms) values (p_digests[1], p_expires) on conflict do nothing;
        if not found then
            return;
        end if;
        foreach v_shard in array p_locks loop
            v_locked := pg_advisory_xact_lock(7001, v_shard)::text;
        end loop;
        -- After the locks: a device that is being deleted is gone here, or its inbox goes after what is put into it now.
        if cardinality(p_users) = 1 then
            if exists (select 1 from devices d where d.user_nid = p_users[1] and d.device_id = p_devices[1]) then
                shard := p_shards[1];
                user_nid := p_users[1];
                select coalesce(max(l.position), 0) into previous from log l where l.shard = p_shards[1];
                new_position := previous + 1;
                insert into log (shard, position, kind, user_nid, written_ms)
                    values (p_shards[1], new_position, 4, p_users[1], p_now);
                insert into device_messages (user_nid, device_id, position, place, body)
                    values (p_users[1], p_devices[1], new_position, 1, p_bodies[1]);
                return next;
            end if;
            return;
        end if;
        -- Not by `exists`, for which the planner reads all devices there are.
        v_present := array(
            select (select true from devices d where d.user_nid = p_users[i] and d.device_id = p_devices[i]) is not null
            from generate_subscripts(p_users, 1) as i order by i);
        if not true = any (v_present) then
            return;
        end if;
        v_heads := array(
            select coalesce((select l.position from log l where l.shard = p_locks[i] order by l.position desc limit 1), 0)
            from generate_subscripts(p_locks, 1) as i order by i);
        for i in 1 .. cardinality(p_users) loop
            v_first[i] := false;
            continue when not v_present[i];
            if shard is distinct from p_shards[i] then
                shard := p_shards[i];
                user_nid := null;
                v_head := v_heads[array_position(p_locks, shard)];
            end if;
            if user_nid is distinct from p_users[i] then
                user_nid := p_users[i];
                v_first[i] := true;
                previous := v_head;
                v_head := v_head + 1;
                new_position := v_head;
                return next;
            end if;
            v_positions[i] := v_head;
        end loop;
        insert into log (shard, position, kind, user_nid, written_ms)
            select p_shards[i], v_positions[i], 4, p_users[i], p_now
            from generate_subscripts(p_users, 1) as i where v_first[i];
        insert into device_messages (user_nid, device_id, position, place, body)
            select p_users[i], p_devices[i], v_positions[i], i, p_bodies[i]
            from generate_subscripts(p_users, 1) as i where v_present[i];
        return;
    end if;
    -- In one order everywhere, and before the shards.
    with noted as (
        insert into known_device_messages (digest, expires_ms)
            select t.d, p_expires from unnest(p_digests) as t(d) order by t.d on conflict do nothing returning digest
    ) select array_agg(n.digest) into v_new from noted n;
    if v_new is null then
        return;
    end if;
    v_sends := exists (select 1 from unnest(p_outgoing_sources) as t(source) where p_digests[t.source] = any (v_new));
    foreach v_shard in array p_locks loop
        v_locked := pg_advisory_xact_lock(7001, v_shard)::text;
    end loop;
    select array_agg(m.i order by m.i, m.device_id), array_agg(m.device_id order by m.i, m.device_id)
        into v_entries, v_devices
    from (
        select w.i, e.device_id
        from unnest(p_users, p_devices, p_sources) with ordinality as w(u, device, source, i)
        join devices e on e.user_nid = w.u and e.device_id = w.device
        where w.device <> '*' and p_digests[w.source] = any (v_new)
        union all
        select w.i, e.device_id
        from unnest(p_users, p_devices, p_sources) with ordinality as w(u, device, source, i)
        join devices e on e.user_nid = w.u
        where '*' = any (p_devices) and w.device = '*' and p_digests[w.source] = any (v_new)
            and not exists (select 1 from unnest(p_users, p_devices, p_sources) as o(u, device, source)
                            where o.u = w.u and o.source = w.source and o.device = e.device_id)
    ) m;
    if cardinality(v_entries) > p_max_rows
        or (select sum(octet_length(p_bodies[t.e])) from unnest(v_entries) as t(e)) > p_max_bytes then
        raise exception using errcode = 'program_limit_exceeded', message = 'too many messages to devices';
    end if;
    return query
        with placed as (
            select t.s, t.u, h.head + row_number() over (partition by t.s order by t.u) as position
            from (
                select distinct p_shards[x.e] as s, p_users[x.e] as u from unnest(v_entries) as x(e)
                -- After those of users.
                union all select p_outgoing_shard, null where v_sends
            ) t
            cross join lateral (select coalesce(max(l.position), 0) as head from log l where l.shard = t.s) h
        ), logged as (
            insert into log (shard, position, kind, user_nid, written_ms)
                select p.s, p.position, case when p.u is null then 12 else 4 end, p.u, p_now from placed p
        ), stored as (
            insert into device_messages (user_nid, device_id, position, place, body)
                select p.u, x.device, p.position, x.e, p_bodies[x.e]
                from unnest(v_entries, v_devices) as x(e, device) join placed p on p.u = p_users[x.e]
        ), outgoing as (
            insert into outgoing_edus (server_name, shard, position, body, created_ms)
                select o.server, p.s, p.position, o.edu, p_now
                from unnest(p_servers, p_edus, p_outgoing_sources) with ordinality as o(server, edu, source, i)
                join placed p on p.u is null
                where p_digests[o.source] = any (v_new) order by o.i
        )
        select p.s, p.u, p.position, p.position - 1 from placed p;
end $$;

-- Deletes what a device has acknowledged, so many at most, and answers what comes next, up to a position: so many at most, and no
-- more than so many bytes, but one. A row without a body says that there is more.
create function take_device_messages(
    p_user bigint, p_device text, p_seen_position bigint, p_seen_place integer, p_head bigint,
    p_max_messages bigint, p_max_bytes bigint, p_max_deletions bigint
) returns table (new_position bigint, place integer, body bytea) language plpgsql as $$
#variable_conflict use_column
declare
    v_floor bigint;
begin
    if p_seen_position is not null then
        delete from device_messages d where d.ctid = any (array(
            select m.ctid from device_messages m where m.user_nid = p_user and m.device_id = p_device
                and (m.position, m.place) <= (p_seen_position, p_seen_place)
            order by m.position, m.place limit p_max_deletions));
    end if;
    select a.position into v_floor from abandoned_inboxes a where a.user_nid = p_user and a.device_id = p_device;
    return query
        select n.position, n.place, case when n.before < p_max_bytes and n.number <= p_max_messages then n.body end
        from (
            select m.position, m.place, m.body,
                sum(octet_length(m.body)) over (order by m.position, m.place) - octet_length(m.body) as before,
                row_number() over (order by m.position, m.place) as number
            from (
                select i.position, i.place, i.body from device_messages i
                where i.user_nid = p_user and i.device_id = p_device and i.position <= p_head
                    and i.position > coalesce(v_floor, 0)
                    and (i.position, i.place) > (coalesce(p_seen_position, 0), coalesce(p_seen_place, 0))
                order by i.position, i.place limit p_max_messages + 1
            ) m
        ) n order by n.position, n.place;
end $$;

-- Messages to devices that are deleted go with them; what is more than a moment's work goes later. Takes the lock of the user's
-- shard: whoever is putting something into one of these inboxes has done so, or does not find the device any more.
create function forget_device_messages(p_user bigint, p_devices text[]) returns void language plpgsql as $$
begin
    if cardinality(p_devices) = 0 then
        return;
    end if;
    perform pg_advisory_xact_lock(7001, u.shard) from users u where u.user_nid = p_user;
    delete from device_messages d where d.ctid = any (array(
        select m.ctid from device_messages m where m.user_nid = p_user and m.device_id = any (p_devices) limit 1000));
    insert into abandoned_inboxes as a (user_nid, device_id, position)
        select p_user, t.device, n.newest from unnest(p_devices) as t(device)
        cross join lateral (
            select max(m.position) as newest from device_messages m where m.user_nid = p_user and m.device_id = t.device
        ) n where n.newest is not null order by t.device
        on conflict (user_nid, device_id) do update set position = excluded.position;
end $$;

-- Goes on with inboxes of deleted devices. Answers how many rows went.
create function sweep_abandoned_inboxes(p_max bigint) returns bigint language plpgsql as $$
declare
    v_inbox abandoned_inboxes;
    v_count bigint;
begin
    select a.* into v_inbox from abandoned_inboxes a order by a.user_nid, a.device_id limit 1 for update skip locked;
    if not found then
        return 0;
    end if;
    delete from device_messages d where d.ctid = any (array(
        select m.ctid from device_messages m where m.user_nid = v_inbox.user_nid and m.device_id = v_inbox.device_id
            and m.position <= v_inbox.position
        order by m.position, m.place limit p_max));
    get diagnostics v_count = row_count;
    if v_count < p_max then
        delete from abandoned_inboxes a where a.user_nid = v_inbox.user_nid and a.device_id = v_inbox.device_id;
    end if;
    return v_count + 1;
end $$;
