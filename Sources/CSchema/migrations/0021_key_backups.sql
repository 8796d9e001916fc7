-- Copies of the keys with which a user reads rooms, encrypted by the user's clients. A user may have several; only the newest
-- is written to. A deleted one stays as a row without content: its number is not given again, and deleting it twice is fine.
-- `generation` says which keys are in it; it gets another one when all of them are deleted at once.
-- `revision` grows with every change of the keys. Both it and `key_count` change under the row's lock: they are exact.
create table key_backups (
    user_nid bigint not null,
    version bigint not null,
    algorithm text collate "C" not null,
    auth_data bytea not null,
    generation bigint not null,
    key_count bigint not null default 0,
    revision bigint not null default 0,
    created_ms bigint not null,
    deleted_ms bigint,
    primary key (user_nid, version)
) with (fillfactor = 70);
create sequence key_backup_generations;

create table backed_up_keys (
    user_nid bigint not null,
    generation bigint not null,
    room_id text collate "C" not null,
    session_id text collate "C" not null,
    is_verified boolean not null,
    first_message_index bigint not null,
    forwarded_count bigint not null,
    session_data bytea not null,
    primary key (user_nid, generation, room_id, session_id)
);
-- Ciphertext does not compress.
alter table backed_up_keys alter column session_data set storage external;

-- Keys that are in no backup any more and go in bounded steps.
create table discarded_backup_keys (
    user_nid bigint not null,
    generation bigint not null,
    primary key (user_nid, generation)
);

-- A new backup, the newest from now on. `outcome`: 0 made, 1 the user has as many as there may be, 2 there is no such account.
-- Of those that were deleted long ago nobody asks any more.
create function create_key_backup(
    p_user bigint, p_algorithm text, p_auth_data bytea, p_max_backups bigint, p_max_deleted bigint, p_now bigint,
    out outcome smallint, out new_version bigint
) language plpgsql as $$
begin
    perform 1 from accounts a where a.user_nid = p_user and a.deactivated_ms is null for update;
    if not found then
        outcome := 2;
        return;
    end if;
    if (select count(*) from key_backups b where b.user_nid = p_user and b.deleted_ms is null) >= p_max_backups then
        outcome := 1;
        return;
    end if;
    outcome := 0;
    insert into key_backups (user_nid, version, algorithm, auth_data, generation, created_ms)
        select p_user, coalesce(max(b.version), 0) + 1, p_algorithm, p_auth_data, nextval('key_backup_generations'), p_now
        from key_backups b where b.user_nid = p_user
        returning version into new_version;
    delete from key_backups b where b.user_nid = p_user and b.deleted_ms is not null and b.version < new_version - p_max_deleted;
end $$;

-- Whether there is such a backup, or was: then it is deleted now.
create function delete_key_backup(p_user bigint, p_version bigint, p_now bigint) returns boolean language plpgsql as $$
declare
    v_generation bigint;
begin
    update key_backups b set deleted_ms = p_now, auth_data = '', key_count = 0
        where b.user_nid = p_user and b.version = p_version and b.deleted_ms is null returning b.generation into v_generation;
    if found then
        insert into discarded_backup_keys (user_nid, generation) values (p_user, v_generation);
        return true;
    end if;
    return exists (select 1 from key_backups b where b.user_nid = p_user and b.version = p_version);
end $$;

-- Puts keys into the newest backup, each unless a better one is there. Whoever writes to a backup takes turns.
-- `outcome`: 0 done, 1 there is no such backup, 2 it is not the newest (`current_version`), 3 it would hold too many.
create function put_backed_up_keys(
    p_user bigint, p_version bigint, p_rooms text[], p_sessions text[], p_verified boolean[], p_indices bigint[],
    p_forwarded bigint[], p_data bytea[], p_max_keys bigint,
    out outcome smallint, out current_version bigint, out new_count bigint, out new_revision bigint
) language plpgsql as $$
declare
    v_backup key_backups;
    v_changed bigint;
    v_added bigint;
begin
    select * into v_backup from key_backups b
        where b.user_nid = p_user and b.version = p_version and b.deleted_ms is null for update;
    if not found then
        outcome := 1;
        return;
    end if;
    select max(b.version) into current_version from key_backups b where b.user_nid = p_user and b.deleted_ms is null;
    if current_version <> p_version then
        outcome := 2;
        return;
    end if;
    if v_backup.key_count + cardinality(p_rooms) > p_max_keys then
        outcome := 3;
        return;
    end if;
    outcome := 0;
    with written as (
        insert into backed_up_keys as k
            (user_nid, generation, room_id, session_id, is_verified, first_message_index, forwarded_count, session_data)
        select p_user, v_backup.generation, i.room, i.session, i.verified, i.index, i.forwarded, i.data
        from unnest(p_rooms, p_sessions, p_verified, p_indices, p_forwarded, p_data)
            as i(room, session, verified, index, forwarded, data)
        on conflict (user_nid, generation, room_id, session_id) do update set is_verified = excluded.is_verified,
                first_message_index = excluded.first_message_index, forwarded_count = excluded.forwarded_count,
                session_data = excluded.session_data
            where (not excluded.is_verified, excluded.first_message_index, excluded.forwarded_count)
                < (not k.is_verified, k.first_message_index, k.forwarded_count)
        returning k.xmax = 0 as is_new
    ) select count(*), count(*) filter (where w.is_new) into v_changed, v_added from written w;
    new_count := v_backup.key_count + v_added;
    new_revision := v_backup.revision;
    if v_changed > 0 then
        new_revision := new_revision + 1;
        update key_backups b set key_count = new_count, revision = new_revision
            where b.user_nid = p_user and b.version = p_version;
    end if;
end $$;

-- Deletes keys of a backup: of one session, of a room, or, with null for both, all. No row when there is no such backup.
create function delete_backed_up_keys(p_user bigint, p_version bigint, p_room text, p_session text)
returns table (new_count bigint, new_revision bigint) language plpgsql as $$
declare
    v_backup key_backups;
    v_deleted bigint;
begin
    select * into v_backup from key_backups b
        where b.user_nid = p_user and b.version = p_version and b.deleted_ms is null for update;
    if not found then
        return;
    end if;
    if p_room is null then
        v_deleted := v_backup.key_count;
        if v_deleted > 0 then
            insert into discarded_backup_keys (user_nid, generation) values (p_user, v_backup.generation);
            v_backup.generation := nextval('key_backup_generations');
        end if;
    else
        delete from backed_up_keys k where k.user_nid = p_user and k.generation = v_backup.generation and k.room_id = p_room
            and (p_session is null or k.session_id = p_session);
        get diagnostics v_deleted = row_count;
    end if;
    if v_deleted > 0 then
        update key_backups b set generation = v_backup.generation, key_count = b.key_count - v_deleted,
                revision = b.revision + 1
            where b.user_nid = p_user and b.version = p_version
            returning b.key_count, b.revision into v_backup.key_count, v_backup.revision;
    end if;
    return query select v_backup.key_count, v_backup.revision;
end $$;

-- Removes some of the keys that are in no backup any more. False when there are none left that nobody else removes.
create function purge_backup_keys(p_limit bigint) returns boolean language plpgsql as $$
declare
    v_user bigint;
    v_generation bigint;
    v_deleted bigint;
begin
    select d.user_nid, d.generation into v_user, v_generation from discarded_backup_keys d
        order by d.user_nid, d.generation limit 1 for update skip locked;
    if not found then
        return false;
    end if;
    delete from backed_up_keys k where k.ctid = any (array(
        select o.ctid from backed_up_keys o where o.user_nid = v_user and o.generation = v_generation limit p_limit));
    get diagnostics v_deleted = row_count;
    if v_deleted < p_limit then
        delete from discarded_backup_keys d where d.user_nid = v_user and d.generation = v_generation;
    end if;
    return true;
end $$;

-- An account has ended: nothing of its backups is left, once their keys have gone in their steps.
create function forget_key_backups(p_user bigint) returns void language plpgsql as $$
begin
    with gone as (
        delete from key_backups b where b.user_nid = p_user returning b.generation, b.deleted_ms
    ) insert into discarded_backup_keys (user_nid, generation)
        select p_user, g.generation from gone g where g.deleted_ms is null;
end $$;

-- The device of a user that is stored here until somebody wakes it. It is among the user's `devices`, too.
create table dehydrated_devices (
    user_nid bigint primary key,
    device_id text collate "C" not null,
    device_data bytea not null
);

-- Stores a device of a user with its keys, in place of the one that was stored, which ends with everything that it has. The same
-- device again keeps what it has. `outcome`: what upload_device_keys says (then nothing is written unless it is 0),
-- 5 another device is called so, 6 there is no such account. Locks in the order that 0003 gives.
create function store_dehydrated_device(
    p_shard smallint, p_user bigint, p_device text, p_data bytea, p_display_name text,
    p_identity text, p_body bytea, p_signatures jsonb,
    p_algorithms text[], p_key_ids text[], p_keys bytea[],
    p_fallback_algorithms text[], p_fallback_ids text[], p_fallback_keys bytea[],
    p_max bigint, p_memory bigint, p_now bigint,
    out outcome smallint, out refused text, out kind smallint, out key_position bigint, out key_previous bigint,
    out closed text[], out new_position bigint, out previous bigint, out list_position bigint, out list_previous bigint
) language plpgsql as $$
declare
    v_old text;
begin
    perform 1 from accounts a where a.user_nid = p_user and a.deactivated_ms is null for update;
    if not found then
        outcome := 6;
        return;
    end if;
    select d.device_id into v_old from dehydrated_devices d where d.user_nid = p_user;
    perform 1 from devices d where d.user_nid = p_user and d.device_id in (p_device, v_old) order by d.device_id for update;
    if v_old is distinct from p_device then
        insert into devices (user_nid, device_id, display_name, created_ms)
            values (p_user, p_device, p_display_name, p_now) on conflict do nothing;
        if not found then
            outcome := 5;
            return;
        end if;
    end if;
    select u.outcome, u.refused, u.kind, u.new_position, u.previous
        into outcome, refused, kind, key_position, key_previous
        from upload_device_keys(
            p_shard, p_user, p_device, p_identity, p_body, p_signatures, p_algorithms, p_key_ids, p_keys,
            p_fallback_algorithms, p_fallback_ids, p_fallback_keys, p_max, p_memory, p_now) u;
    if outcome <> 0 then
        if v_old is distinct from p_device then
            delete from devices d where d.user_nid = p_user and d.device_id = p_device;
        end if;
        return;
    end if;
    insert into dehydrated_devices (user_nid, device_id, device_data) values (p_user, p_device, p_data)
        on conflict (user_nid) do update set device_id = excluded.device_id, device_data = excluded.device_data;
    if v_old <> p_device then
        select c.closed, c.new_position, c.previous, c.list_position, c.list_previous
            into closed, new_position, previous, list_position, list_previous
            from close_devices(p_shard, p_user, array[v_old], null, p_now) c;
    end if;
end $$;

-- An account has ended, and its devices with it.
create function forget_dehydrated_device(p_user bigint) returns void language sql as $$
    delete from dehydrated_devices d where d.user_nid = p_user;
$$;

-- What proves to others who somebody is, for a while. Only a hash is stored.
create table open_id_tokens (
    token_hash bytea primary key,
    user_nid bigint not null,
    expires_ms bigint not null
);
create index open_id_tokens_by_age on open_id_tokens (expires_ms);

-- Keeps a token, and removes a few that have expired: more than come.
create function issue_open_id_token(p_token bytea, p_user bigint, p_expires bigint, p_now bigint)
returns void language plpgsql as $$
begin
    delete from open_id_tokens t where t.token_hash in (
        select o.token_hash from open_id_tokens o where o.expires_ms <= p_now order by o.expires_ms limit 4
        for update skip locked);
    insert into open_id_tokens (token_hash, user_nid, expires_ms) values (p_token, p_user, p_expires);
end $$;
