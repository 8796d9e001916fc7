-- When a user's devices or keys last changed, of this server's users and of those of others as far as we were told: a position
-- of the user's shard, for syncs that come from before what workers remember of the log.
create table device_lists (
    user_nid bigint primary key,
    shard smallint not null,
    position bigint not null
);
create index device_lists_by_position on device_lists (shard, position);

-- The newest changes of each user of this server, by which other servers are told. Without devices: of the cross-signing keys.
create table device_changes (
    user_nid bigint not null,
    position bigint not null,
    devices text[] not null,
    primary key (user_nid, position)
);

-- Of whom a user has signed the keys, and when last. Nobody but the user is shown these signatures.
create table signed_users (
    user_nid bigint not null,
    signed_nid bigint not null,
    position bigint not null,
    primary key (user_nid, signed_nid)
);

-- Notes that a user's devices or keys have changed, for those who share rooms with the user.
create function note_devices_changed(
    p_shard smallint, p_user bigint, p_now bigint, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 5::smallint, null, p_user, p_now) a;
    insert into device_lists (user_nid, shard, position) values (p_user, p_shard, new_position)
        on conflict (user_nid) do update set position = excluded.position;
end $$;

-- The same of a user of this server, and for other servers: keys or names of some devices have changed, or devices came or went;
-- with none, the cross-signing keys have changed. To be called by whatever changes them, so that both are written together, and
-- announced to the log's followers after the commit. Takes the lock of the user's shard.
create function note_device_list(
    p_shard smallint, p_user bigint, p_now bigint, p_devices text[], out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    select n.new_position, n.previous into new_position, previous from note_devices_changed(p_shard, p_user, p_now) n;
    insert into device_changes (user_nid, position, devices) values (p_user, new_position, coalesce(p_devices, '{}'));
    -- A server that has missed more than these is told to ask for the whole list.
    delete from device_changes c where c.user_nid = p_user and c.position <= (
        select k.position from device_changes k where k.user_nid = p_user order by k.position desc offset 50 limit 1);
end $$;

-- Notes that a user has signed keys of some other users. The row of the log names these: it is the signer's business alone.
create function note_user_signatures(
    p_shard smallint, p_user bigint, p_now bigint, p_signed bigint[], out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7001, p_shard);
    select coalesce(max(l.position), 0) into previous from log l where l.shard = p_shard;
    new_position := previous + 1;
    insert into log (shard, position, kind, user_nid, member_nids, written_ms)
        values (p_shard, new_position, 5, p_user, p_signed, p_now);
    insert into signed_users (user_nid, signed_nid, position)
        select p_user, s, new_position from (select distinct unnest(p_signed)) as t(s) order by s
        on conflict (user_nid, signed_nid) do update set position = excluded.position;
end $$;

-- The device lists of users of other servers, as these told. A list is good as long as a room is shared with the user in which
-- both the user and somebody of ours have been since `known_at`, a position for each shard: all changes since then were told.
-- `seen`: the newest numbers of updates, by which gaps are found.
create table remote_device_lists (
    user_nid bigint primary key,
    seen bigint[] not null,
    known_at bigint[] not null,
    master_key bytea,
    self_signing_key bytea
) with (fillfactor = 80);

create table remote_devices (
    user_nid bigint not null,
    device_id text collate "C" not null,
    display_name text,
    keys bytea not null,
    primary key (user_nid, device_id)
);

-- Users of other servers whose lists have to be fetched: somebody asked for one that is not kept, or something was missed. Until
-- then they are asked for anew each time. `request` counts what asked for it.
create table device_resyncs (
    user_nid bigint primary key,
    shard smallint not null,
    request bigint not null default 1,
    attempts integer not null default 0,
    next_attempt_ms bigint not null
);
create index device_resyncs_due on device_resyncs (shard, next_attempt_ms);

-- Whether somebody of ours (`p_own`: our server) is in a room with the user.
create function shares_room(p_user bigint, p_own bigint) returns boolean language sql stable as $$
    select exists (select 1 from memberships m join memberships o on o.room_nid = m.room_nid
                   where m.user_nid = p_user and m.membership = 1 and o.server_nid = p_own and o.membership = 1)
$$;

-- Nothing of a user of another server is kept any more.
create function forget_remote_devices(p_user bigint) returns void language plpgsql as $$
begin
    delete from remote_device_lists l where l.user_nid = p_user;
    delete from remote_devices d where d.user_nid = p_user;
    delete from device_resyncs r where r.user_nid = p_user;
end $$;

-- Takes in updates of one user's devices, in the order in which they came; of a user whose list is not kept only that something
-- changed. `p_keys` is null for a device that is gone or has no keys. `p_previous` are the numbers that the updates build on
-- without being among themselves; none, if one of them builds on nothing. Lists that miss something are left as they are, to be
-- fetched anew. `outcome`: 0 taken in, 1 the list has to be fetched, 2 nothing new, 3 no room is shared with the user.
create function apply_remote_devices(
    p_shard smallint, p_user bigint, p_own bigint, p_streams bigint[], p_previous bigint[],
    p_devices text[], p_names text[], p_keys bytea[], p_max_devices bigint, p_now bigint,
    out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_list remote_device_lists;
    v_listed boolean;
begin
    if not shares_room(p_user, p_own) then
        perform forget_remote_devices(p_user);
        outcome := 3;
        return;
    end if;
    select * into v_list from remote_device_lists l where l.user_nid = p_user for update;
    v_listed := found;
    -- A list that is being fetched may be from before these.
    update device_resyncs r set request = r.request + 1 where r.user_nid = p_user;
    if v_listed then
        if p_streams <@ v_list.seen then
            outcome := 2;
            return;
        end if;
        if cardinality(p_previous) = 0 or not p_previous <@ v_list.seen
            or (select count(*) from remote_devices d where d.user_nid = p_user) + cardinality(p_devices) > p_max_devices then
            perform request_device_resyncs(array[p_user], p_own, p_now);
            outcome := 1;
            return;
        end if;
        delete from remote_devices d where d.user_nid = p_user and d.device_id = any (p_devices);
        insert into remote_devices (user_nid, device_id, display_name, keys)
            select p_user, t.id, t.name, t.body
            from unnest(p_devices, p_names, p_keys) with ordinality as t(id, name, body, i)
            where t.body is not null
                and not exists (select 1 from unnest(p_devices) with ordinality as n(id, i) where n.id = t.id and n.i > t.i);
        update remote_device_lists l set seen = (p_streams || l.seen)[1:200] where l.user_nid = p_user;
    end if;
    outcome := 0;
    select n.new_position, n.previous into new_position, previous from note_devices_changed(p_shard, p_user, p_now) n;
end $$;

-- Takes in cross-signing keys that another server tells of its user; null leaves one as it is.
-- `outcome`: 0 taken in, 3 no room is shared with the user.
create function apply_remote_signing_keys(
    p_shard smallint, p_user bigint, p_own bigint, p_master bytea, p_self_signing bytea, p_now bigint,
    out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    if not shares_room(p_user, p_own) then
        perform forget_remote_devices(p_user);
        outcome := 3;
        return;
    end if;
    update device_resyncs r set request = r.request + 1 where r.user_nid = p_user;
    update remote_device_lists l set
        self_signing_key = case when p_self_signing is not null then p_self_signing
                                -- What another master key has signed is worth nothing under this one.
                                when p_master is distinct from l.master_key and p_master is not null then null
                                else l.self_signing_key end,
        master_key = coalesce(p_master, l.master_key)
        where l.user_nid = p_user;
    outcome := 0;
    select n.new_position, n.previous into new_position, previous from note_devices_changed(p_shard, p_user, p_now) n;
end $$;

-- From now on the lists of users are fetched as soon as may be, as far as rooms are shared with them. Whoever could not be asked
-- is not asked sooner for being named again.
create function request_device_resyncs(p_users bigint[], p_own bigint, p_now bigint) returns void language plpgsql as $$
begin
    insert into device_resyncs as r (user_nid, shard, next_attempt_ms)
        select u.user_nid, u.shard, p_now from users u
        where u.user_nid = any (p_users) and shares_room(u.user_nid, p_own) order by u.user_nid
        on conflict (user_nid) do update set request = r.request + 1;
end $$;

-- Keeps the whole list of a user as it was fetched. A row of the log only if it is not what was known before.
-- `outcome`: 0 kept, 1 something came meanwhile (it is kept, and has to be fetched again), 3 nobody wants it any more.
create function keep_remote_devices(
    p_shard smallint, p_user bigint, p_own bigint, p_request bigint, p_stream bigint, p_known_at bigint[],
    p_devices text[], p_names text[], p_keys bytea[], p_master bytea, p_self_signing bytea, p_now bigint,
    out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_list remote_device_lists;
    v_listed boolean;
    v_request bigint;
    v_changed boolean;
begin
    select * into v_list from remote_device_lists l where l.user_nid = p_user for update;
    v_listed := found;
    select r.request into v_request from device_resyncs r where r.user_nid = p_user for update;
    if v_request is null or not shares_room(p_user, p_own) then
        if v_request is not null then
            perform forget_remote_devices(p_user);
        end if;
        outcome := 3;
        return;
    end if;
    v_changed := v_listed and (
        v_list.master_key is distinct from p_master or v_list.self_signing_key is distinct from p_self_signing
        or (select count(*) from remote_devices d where d.user_nid = p_user) <> cardinality(p_devices)
        or exists (select 1 from unnest(p_devices, p_names, p_keys) as t(id, name, body)
                   where not exists (select 1 from remote_devices d where d.user_nid = p_user and d.device_id = t.id
                                         and d.keys = t.body and d.display_name is not distinct from t.name)));
    delete from remote_devices d where d.user_nid = p_user;
    insert into remote_devices (user_nid, device_id, display_name, keys)
        select p_user, t.id, t.name, t.body from unnest(p_devices, p_names, p_keys) as t(id, name, body);
    insert into remote_device_lists as l (user_nid, seen, known_at, master_key, self_signing_key)
        values (p_user, array[p_stream], p_known_at, p_master, p_self_signing)
        on conflict (user_nid) do update set seen = excluded.seen, known_at = excluded.known_at,
            master_key = excluded.master_key, self_signing_key = excluded.self_signing_key;
    if v_request = p_request then
        delete from device_resyncs r where r.user_nid = p_user;
        outcome := 0;
    else
        update device_resyncs r set attempts = 0, next_attempt_ms = p_now where r.user_nid = p_user;
        outcome := 1;
    end if;
    if v_changed then
        select n.new_position, n.previous into new_position, previous
            from note_devices_changed(p_shard, p_user, p_now) n;
    end if;
end $$;

-- Looks at some of the lists that are kept, and lets those go with whose users no room is shared any more. Answers the last user
-- that was looked at; null at the end.
create function sweep_remote_devices(p_after bigint, p_own bigint, p_max bigint) returns bigint language plpgsql as $$
declare
    v_users bigint[];
begin
    select array_agg(s.user_nid order by s.user_nid) into v_users from (
        select l.user_nid from remote_device_lists l where l.user_nid > p_after order by l.user_nid limit p_max
    ) s;
    perform forget_remote_devices(t.u) from unnest(v_users) as t(u) where not shares_room(t.u, p_own);
    return v_users[cardinality(v_users)];
end $$;
