-- When a user's devices or keys last changed, of this server's users and of those of others as far as we were told: a position
-- of the user's shard, for syncs that come from before what workers remember of the log.
create table device_lists (
    user_nid bigint primary key,
    shard smallint not null,
    position bigint not null
) with (fillfactor = 80);

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

-- Notes that keys or names of some devices of a user have changed, or that devices came or went; with none, that the
-- cross-signing keys have. To be called by whatever changes them, so that both are written together, and announced to the
-- log's followers after the commit. Takes the lock of the user's shard.
create function note_device_list(
    p_shard smallint, p_user bigint, p_now bigint, p_devices text[], out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 5::smallint, null, p_user, p_now) a;
    insert into device_lists (user_nid, shard, position) values (p_user, p_shard, new_position)
        on conflict (user_nid) do update set position = excluded.position;
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
    stream_id bigint not null,
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

-- Users of other servers whose lists have to be fetched anew, since something was missed. `request` counts what asked for it.
create table device_resyncs (
    user_nid bigint primary key,
    shard smallint not null,
    request bigint not null default 1,
    attempts integer not null default 0,
    next_attempt_ms bigint not null
);
create index device_resyncs_due on device_resyncs (shard, next_attempt_ms);

-- The same as `note_device_list` for a user of another server.
create function note_remote_device_list(
    p_shard smallint, p_user bigint, p_now bigint, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 5::smallint, null, p_user, p_now) a;
    insert into device_lists (user_nid, shard, position) values (p_user, p_shard, new_position)
        on conflict (user_nid) do update set position = excluded.position;
end $$;

-- Takes in updates of one user's devices, in the order in which they came; of a user whose list is not kept only that something
-- changed. `p_keys` is null for a device that is gone or has no keys. `p_previous` are the numbers that the updates build on
-- without being among themselves, `p_whole` says that there was an update that builds on none. Lists that miss something are
-- left as they are, to be fetched anew. `outcome`: 0 taken in, 1 the list has to be fetched, 2 nothing new.
create function apply_remote_devices(
    p_shard smallint, p_user bigint, p_now bigint, p_streams bigint[], p_previous bigint[], p_whole boolean,
    p_devices text[], p_names text[], p_keys bytea[], p_max_devices bigint,
    out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_list remote_device_lists;
begin
    select * into v_list from remote_device_lists l where l.user_nid = p_user for update;
    if found then
        if p_streams <@ v_list.seen then
            outcome := 2;
            return;
        end if;
        if p_whole or not p_previous <@ v_list.seen
            or (select count(*) from remote_devices d where d.user_nid = p_user) + cardinality(p_devices) > p_max_devices then
            perform request_device_resync(p_shard, p_user, p_now);
            outcome := 1;
            return;
        end if;
        delete from remote_devices d where d.user_nid = p_user and d.device_id = any (p_devices);
        insert into remote_devices (user_nid, device_id, display_name, keys)
            select distinct on (t.id) p_user, t.id, t.name, t.body
            from unnest(p_devices, p_names, p_keys) with ordinality as t(id, name, body, i)
            where not exists (select 1 from unnest(p_devices) with ordinality as n(id, i) where n.id = t.id and n.i > t.i)
                and t.body is not null;
        update remote_device_lists l set stream_id = p_streams[cardinality(p_streams)],
            seen = (p_streams || l.seen)[1:100] where l.user_nid = p_user;
    end if;
    outcome := 0;
    select n.new_position, n.previous into new_position, previous from note_remote_device_list(p_shard, p_user, p_now) n;
end $$;

-- From now on the list of a user is stale, and is fetched anew as soon as may be.
create function request_device_resync(p_shard smallint, p_user bigint, p_now bigint) returns void language plpgsql as $$
begin
    insert into device_resyncs as r (user_nid, shard, next_attempt_ms) values (p_user, p_shard, p_now)
        on conflict (user_nid) do update set request = r.request + 1,
            -- Who is told again and again to ask need not ask more often for that.
            next_attempt_ms = case when r.attempts = 0 then least(r.next_attempt_ms, p_now) else r.next_attempt_ms end;
end $$;
