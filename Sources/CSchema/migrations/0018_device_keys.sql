-- What a device says of itself: canonical JSON without `signatures` and `unsigned`, and the signatures of its user's keys
-- over it, by the key's id. `identity`: its public keys, on which one-time and fallback keys hang.
create table device_keys (
    user_nid bigint not null,
    device_id text collate "C" not null,
    identity text collate "C" not null,
    body bytea not null,
    signatures jsonb not null,
    primary key (user_nid, device_id)
);

-- A key that was given out is kept for a while, so that a client that repeats an upload, because it never got the answer, does
-- not bring it back. Numbers ascend from upload to upload.
create table one_time_keys (
    user_nid bigint not null,
    device_id text collate "C" not null,
    algorithm text collate "C" not null,
    key_id text collate "C" not null,
    key_nid bigint generated always as identity,
    body bytea not null,
    given boolean not null default false,
    primary key (user_nid, device_id, algorithm, key_id)
);
create index one_time_keys_oldest on one_time_keys (user_nid, device_id, algorithm, key_nid) where not given;

create table fallback_keys (
    user_nid bigint not null,
    device_id text collate "C" not null,
    algorithm text collate "C" not null,
    key_id text collate "C" not null,
    body bytea not null,
    used boolean not null default false,
    primary key (user_nid, device_id, algorithm)
);

-- `usage`: 0 master, 1 self-signing, 2 user-signing. Bodies and signatures as those of devices.
create table cross_signing_keys (
    user_nid bigint not null,
    usage smallint not null,
    public_key text collate "C" not null,
    body bytea not null,
    signatures jsonb not null,
    primary key (user_nid, usage)
);

-- What users say of the master keys of others with their user-signing keys. Nobody else is shown it.
create table user_signatures (
    signer_nid bigint not null,
    target_nid bigint not null,
    target_key text collate "C" not null,
    signer_key text collate "C" not null,
    signature text not null,
    primary key (signer_nid, target_nid)
);

-- The functions below lock in the order that 0003 gives: the account, the device, its keys by their devices' names, one-time
-- keys, cross-signing keys, then shards of the log, the lowest first.

-- Whether two one-time keys are the same, whatever their signatures.
create function is_same_key(p_one bytea, p_other bytea) returns boolean language sql immutable as $$
    select case
        when p_one = p_other then true
        when substr(p_one, 1, 1) <> '{' or substr(p_other, 1, 1) <> '{' then false
        else convert_from(p_one, 'UTF8')::jsonb - 'signatures' = convert_from(p_other, 'UTF8')::jsonb - 'signatures' end
$$;

-- Appends a row for each of some local users. Positions of one shard follow each other.
create function log_append_users(p_kind smallint, p_users bigint[], p_now bigint)
returns table (user_nid bigint, shard smallint, new_position bigint, previous bigint) language plpgsql as $$
#variable_conflict use_column
begin
    perform pg_advisory_xact_lock(7001, s.shard)
        from (select distinct u.shard from users u where u.user_nid = any (p_users) order by u.shard) s;
    return query
        with placed as (
            select u.user_nid, u.shard,
                   (select coalesce(max(l.position), 0) from log l where l.shard = u.shard)
                       + row_number() over (partition by u.shard order by u.user_nid) as new_position
            from users u where u.user_nid = any (p_users)
        ), written as (
            insert into log (shard, position, kind, user_nid, written_ms)
                select p.shard, p.new_position, p_kind, p.user_nid, p_now from placed p
        )
        select p.user_nid, p.shard, p.new_position, p.new_position - 1 from placed p order by p.shard, p.new_position;
end $$;

-- Publishes keys of a device. Nothing is written unless all of it is.
-- `p_identity`: the keys by which the one-time keys were checked; with `p_body` they become the device's own.
-- `p_max`: one-time keys of an algorithm that a device may have. `p_memory`: given-out ones that are remembered.
-- `outcome`: 0 done, 1 there is no such device, 2 its identity is another one (`refused`, null when it has none),
-- 3 another key has the id (`refused`), 4 too many keys of the algorithm (`refused`).
create function upload_device_keys(
    p_shard smallint, p_user bigint, p_device text, p_identity text, p_body bytea, p_signatures jsonb,
    p_algorithms text[], p_key_ids text[], p_keys bytea[],
    p_fallback_algorithms text[], p_fallback_ids text[], p_fallback_keys bytea[],
    p_max bigint, p_memory bigint, p_now bigint,
    out outcome smallint, out refused text, out algorithms text[], out counts bigint[],
    out kind smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_old device_keys;
    v_listed boolean := false;
    v_counted boolean := false;
begin
    -- Uploads of one device go one after the other.
    perform 1 from devices d where d.user_nid = p_user and d.device_id = p_device for no key update;
    if not found then
        outcome := 1;
        return;
    end if;
    select * into v_old from device_keys k where k.user_nid = p_user and k.device_id = p_device;
    if p_body is null and cardinality(p_algorithms) + cardinality(p_fallback_algorithms) > 0
        and v_old.identity is distinct from p_identity then
        outcome := 2;
        refused := v_old.identity;
        return;
    end if;
    if v_old.identity = p_identity or p_body is null then
        select i.a || ':' || i.k into refused
            from unnest(p_algorithms, p_key_ids, p_keys) as i(a, k, b) join one_time_keys o
                on o.user_nid = p_user and o.device_id = p_device and o.algorithm = i.a and o.key_id = i.k
            where not o.given and not is_same_key(o.body, i.b) limit 1;
        if found then
            outcome := 3;
            return;
        end if;
        select i.a into refused
            from unnest(p_algorithms, p_key_ids, p_keys) as i(a, k, b)
            where not exists (select 1 from one_time_keys o where o.user_nid = p_user and o.device_id = p_device
                                  and o.algorithm = i.a and o.key_id = i.k and is_same_key(o.body, i.b))
            group by i.a
            having count(*) + (select count(*) from one_time_keys o where o.user_nid = p_user and o.device_id = p_device
                                   and o.algorithm = i.a and not o.given) > p_max
            limit 1;
    else
        -- What the old identity has signed is worth nothing under the new one.
        delete from one_time_keys o where o.user_nid = p_user and o.device_id = p_device;
        delete from fallback_keys f where f.user_nid = p_user and f.device_id = p_device;
        v_counted := v_old.identity is not null;
        select i.a into refused from unnest(p_algorithms) as i(a) group by i.a having count(*) > p_max limit 1;
    end if;
    if refused is not null then
        outcome := 4;
        return;
    end if;
    outcome := 0;
    if p_body is not null then
        insert into device_keys as k (user_nid, device_id, identity, body, signatures)
            values (p_user, p_device, p_identity, p_body, p_signatures)
            on conflict (user_nid, device_id) do update set identity = excluded.identity, body = excluded.body,
                signatures = case when k.body = excluded.body then k.signatures || excluded.signatures
                                  else excluded.signatures end
                where k.body <> excluded.body or not k.signatures @> excluded.signatures;
        v_listed := found;
    end if;
    if cardinality(p_algorithms) > 0 then
        -- A device that lost its memory may give another key a name that it has used.
        insert into one_time_keys as o (user_nid, device_id, algorithm, key_id, body)
            select p_user, p_device, i.a, i.k, i.b
            from unnest(p_algorithms, p_key_ids, p_keys) with ordinality as i(a, k, b, number) order by i.number
            on conflict (user_nid, device_id, algorithm, key_id) do update
                set body = excluded.body, given = false, key_nid = default
                where o.given and not is_same_key(o.body, excluded.body);
        v_counted := v_counted or found;
        delete from one_time_keys o where o.user_nid = p_user and o.device_id = p_device and o.given
            and o.key_nid <= (
                select g.key_nid from one_time_keys g
                where g.user_nid = p_user and g.device_id = p_device and g.given
                order by g.key_nid desc offset p_memory limit 1);
    end if;
    if cardinality(p_fallback_algorithms) > 0 then
        -- The same key again does not become unused by it.
        insert into fallback_keys as f (user_nid, device_id, algorithm, key_id, body)
            select p_user, p_device, i.a, i.k, i.b
            from unnest(p_fallback_algorithms, p_fallback_ids, p_fallback_keys) as i(a, k, b)
            on conflict (user_nid, device_id, algorithm) do update
                set key_id = excluded.key_id, body = excluded.body, used = false
                where f.key_id <> excluded.key_id or not is_same_key(f.body, excluded.body);
        v_counted := v_counted or found;
    end if;
    select array_agg(c.algorithm), array_agg(c.number) into algorithms, counts from (
        select o.algorithm, count(*) as number from one_time_keys o
        where o.user_nid = p_user and o.device_id = p_device and not o.given group by o.algorithm
    ) c;
    -- One row tells both: whoever keeps counts looks at changes of lists as well.
    if v_listed then
        kind := 5;
        select n.new_position, n.previous into new_position, previous
            from note_device_list(p_shard, p_user, p_now, array[p_device]) n;
    elsif v_counted then
        kind := 13;
        select a.new_position, a.previous into new_position, previous
            from log_append(p_shard, kind, null, p_user, p_now) a;
    end if;
end $$;

-- Gives out a key for each of the wishes, which are distinct: the oldest one-time key, each once, or else the fallback key.
-- What another request is just giving out is passed over. Users whose counts changed are told by the log.
create function claim_one_time_keys(
    p_users bigint[], p_shards smallint[], p_devices text[], p_algorithms text[], p_now bigint,
    out wishes bigint[], out key_ids text[], out keys bytea[],
    out changed_users bigint[], out changed_shards smallint[], out positions bigint[], out previous bigint[]
) language plpgsql as $$
declare
    v_changed bigint[];
    v_used bigint[];
    v_key text;
    v_body bytea;
    v_row record;
begin
    -- Many claims are of one key: the same in small statements, which cost half.
    if cardinality(p_users) = 1 then
        select o.key_id, o.body into v_key, v_body from one_time_keys o
            where o.user_nid = p_users[1] and o.device_id = p_devices[1] and o.algorithm = p_algorithms[1] and not o.given
            order by o.key_nid limit 1 for update skip locked;
        if found then
            update one_time_keys o set given = true
                where o.user_nid = p_users[1] and o.device_id = p_devices[1] and o.algorithm = p_algorithms[1]
                    and o.key_id = v_key;
            select * into v_row from log_append(p_shards[1], 13::smallint, null, p_users[1], p_now);
            wishes := '{1}';
            key_ids := array[v_key];
            keys := array[v_body];
            changed_users := p_users;
            changed_shards := p_shards;
            positions := array[v_row.new_position];
            previous := array[v_row.previous];
            return;
        end if;
    end if;
    with oldest as (
        select i.number, k.* from unnest(p_users, p_devices, p_algorithms) with ordinality as i(u, d, a, number)
        cross join lateral (
            select o.user_nid, o.device_id, o.algorithm, o.key_id, o.body from one_time_keys o
            where o.user_nid = i.u and o.device_id = i.d and o.algorithm = i.a and not o.given
            order by o.key_nid limit 1 for update skip locked
        ) k
    ), given as (
        update one_time_keys o set given = true from oldest k
            where o.user_nid = k.user_nid and o.device_id = k.device_id and o.algorithm = k.algorithm
                and o.key_id = k.key_id
            returning k.number, k.user_nid, k.key_id, k.body
    )
    select array_agg(g.number), array_agg(g.key_id), array_agg(g.body), array_agg(distinct g.user_nid)
        into wishes, key_ids, keys, v_changed from given g;
    if coalesce(cardinality(wishes), 0) < cardinality(p_users) then
        with wanted as (
            select i.number, f.user_nid, f.device_id, f.algorithm, f.key_id, f.body, f.used
            from unnest(p_users, p_devices, p_algorithms) with ordinality as i(u, d, a, number)
            join fallback_keys f on f.user_nid = i.u and f.device_id = i.d and f.algorithm = i.a
            where i.number <> all (coalesce(wishes, '{}'))
        ), fresh as (
            -- Who is marking it already marks it for us too.
            select f.user_nid, f.device_id, f.algorithm from fallback_keys f join wanted w
                on f.user_nid = w.user_nid and f.device_id = w.device_id and f.algorithm = w.algorithm
            where not f.used and f.key_id = w.key_id for no key update of f skip locked
        ), used as (
            update fallback_keys f set used = true from fresh u
                where f.user_nid = u.user_nid and f.device_id = u.device_id and f.algorithm = u.algorithm
                returning f.user_nid
        )
        select coalesce(wishes, '{}') || array_agg(w.number), coalesce(key_ids, '{}') || array_agg(w.key_id),
               coalesce(keys, '{}') || array_agg(w.body), (select array_agg(distinct u.user_nid) from used u)
            into wishes, key_ids, keys, v_used from wanted w;
    end if;
    v_changed := coalesce(v_changed, '{}') || coalesce(v_used, '{}');
    if cardinality(v_changed) > 0 then
        select array_agg(a.user_nid), array_agg(a.shard), array_agg(a.new_position), array_agg(a.previous)
            into changed_users, changed_shards, positions, previous
            from log_append_users(13::smallint, v_changed, p_now) a;
    end if;
end $$;

-- Takes away all keys of devices that end. Called before anything is appended to the log.
create function forget_device_keys(p_user bigint, p_devices text[]) returns void language plpgsql as $$
begin
    perform 1 from device_keys k where k.user_nid = p_user and k.device_id = any (p_devices)
        order by k.device_id for update;
    delete from device_keys k where k.user_nid = p_user and k.device_id = any (p_devices);
    delete from one_time_keys o where o.user_nid = p_user and o.device_id = any (p_devices);
    delete from fallback_keys f where f.user_nid = p_user and f.device_id = any (p_devices);
    update cross_signing_keys c set signatures = c.signatures - signed.ids
        from (select array_agg('ed25519:' || d) as ids from unnest(p_devices) as d) signed
        where c.user_nid = p_user and c.usage = 0 and c.signatures ?| signed.ids;
end $$;

-- Sets cross-signing keys; null leaves one as it is. Keys that the new master key has not signed end with the old one.
-- `p_authorised`: keys that are there may be replaced. `p_master_key`: the master key by which the others were checked.
-- `outcome`: 0 done, 1 authentication is needed, 2 the master key is another one, 3 a device has a key's name.
create function set_cross_signing_keys(
    p_shard smallint, p_user bigint, p_authorised boolean, p_master_key text,
    p_usages smallint[], p_public_keys text[], p_bodies bytea[], p_signatures text[], p_now bigint,
    out outcome smallint, out private boolean, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_master text;
    v_replaces boolean;
    v_self_signing text;
    v_changed smallint[];
begin
    -- Two requests of one user go one after the other.
    perform 1 from accounts a where a.user_nid = p_user for no key update;
    select c.public_key into v_master from cross_signing_keys c where c.user_nid = p_user and c.usage = 0;
    select coalesce(array_agg(i.usage), '{}') into v_changed
        from unnest(p_usages, p_bodies) as i(usage, body)
        where not exists (select 1 from cross_signing_keys c
                          where c.user_nid = p_user and c.usage = i.usage and c.body = i.body);
    outcome := case
        when not 0::smallint = any (p_usages) and v_master is distinct from p_master_key then 2
        when v_master is not null and not p_authorised and cardinality(v_changed) > 0 then 1
        when exists (select 1 from devices d where d.user_nid = p_user and d.device_id = any (p_public_keys)) then 3
        else 0 end;
    if outcome <> 0 then
        return;
    end if;
    perform 1 from device_keys k where k.user_nid = p_user order by k.device_id for no key update;
    v_replaces := coalesce(v_master <> p_master_key, false);
    if v_replaces then
        v_changed := '{0,1,2}';
    end if;
    select c.public_key into v_self_signing from cross_signing_keys c where c.user_nid = p_user and c.usage = 1;
    delete from cross_signing_keys c where c.user_nid = p_user and c.usage = any (v_changed);
    -- The same keys again may still bring signatures.
    insert into cross_signing_keys as c (user_nid, usage, public_key, body, signatures)
        select p_user, i.usage, i.public_key, i.body, i.signatures::jsonb
        from unnest(p_usages, p_public_keys, p_bodies, p_signatures) as i(usage, public_key, body, signatures)
        on conflict (user_nid, usage) do update set signatures = c.signatures || excluded.signatures
            where not c.signatures @> excluded.signatures;
    if not found then
        return;
    end if;
    update device_keys k set signatures = k.signatures - ('ed25519:' || v_self_signing)
        where k.user_nid = p_user and k.signatures ? ('ed25519:' || v_self_signing)
            and not exists (select 1 from cross_signing_keys c
                            where c.user_nid = p_user and c.usage = 1 and c.public_key = v_self_signing);
    delete from user_signatures s where s.signer_nid = p_user
        and not exists (select 1 from cross_signing_keys c
                        where c.user_nid = p_user and c.usage = 2 and 'ed25519:' || c.public_key = s.signer_key);
    -- Nobody else is shown a user-signing key.
    private := v_changed = '{2}';
    if private then
        select n.new_position, n.previous into new_position, previous
            from note_user_signatures(p_shard, p_user, p_now, array[p_user]) n;
    else
        select n.new_position, n.previous into new_position, previous
            from note_device_list(p_shard, p_user, p_now, '{}') n;
    end if;
end $$;

-- Adds signatures that were checked over what is stored: of the user's own devices and master key (`p_own`: device ids, or the
-- master key's public key), and of the master keys of others. What has changed meanwhile is left out.
-- `signed`: others whose keys are signed. Each of the two rows of the log is there if there was something to tell.
create function add_key_signatures(
    p_shard smallint, p_user bigint, p_own text[], p_own_bodies bytea[], p_own_signatures text[],
    p_targets bigint[], p_target_keys text[], p_signer_key text, p_signatures text[], p_now bigint,
    out list_position bigint, out list_previous bigint, out signed bigint[], out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_devices text[];
    v_master boolean := false;
begin
    perform 1 from accounts a where a.user_nid = p_user for no key update;
    perform 1 from device_keys k where k.user_nid = p_user and k.device_id = any (p_own)
        order by k.device_id for no key update;
    with changed as (
        update device_keys k set signatures = k.signatures || i.added::jsonb
            from unnest(p_own, p_own_bodies, p_own_signatures) as i(name, body, added)
            where k.user_nid = p_user and k.device_id = i.name and k.body = i.body
                and not k.signatures @> i.added::jsonb
            returning k.device_id
    ) select coalesce(array_agg(c.device_id), '{}') into v_devices from changed c;
    update cross_signing_keys c set signatures = c.signatures || i.added::jsonb
        from unnest(p_own, p_own_bodies, p_own_signatures) as i(name, body, added)
        where c.user_nid = p_user and c.usage = 0 and c.public_key = i.name and c.body = i.body
            and not c.signatures @> i.added::jsonb;
    v_master := found;
    if cardinality(p_targets) > 0 then
        perform 1 from cross_signing_keys c
            where c.user_nid = p_user and c.usage = 2 and 'ed25519:' || c.public_key = p_signer_key for share;
        if found then
            with changed as (
                insert into user_signatures as s (signer_nid, target_nid, target_key, signer_key, signature)
                    select p_user, i.target, i.key, p_signer_key, i.signature
                    from unnest(p_targets, p_target_keys, p_signatures) as i(target, key, signature)
                    on conflict (signer_nid, target_nid) do update set target_key = excluded.target_key,
                        signer_key = excluded.signer_key, signature = excluded.signature
                        where (s.target_key, s.signer_key, s.signature)
                            <> (excluded.target_key, excluded.signer_key, excluded.signature)
                    returning s.target_nid
            ) select array_agg(c.target_nid) into signed from changed c;
        end if;
    end if;
    if v_master or cardinality(v_devices) > 0 then
        select n.new_position, n.previous into list_position, list_previous
            from note_device_list(p_shard, p_user, p_now, v_devices) n;
    end if;
    -- Nobody else is shown what a user says of others.
    if signed is not null then
        select n.new_position, n.previous into new_position, previous
            from note_user_signatures(p_shard, p_user, p_now, signed) n;
    end if;
end $$;
