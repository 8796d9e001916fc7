-- A local user. Deactivated ones stay: their names are never given out again.
create table accounts (
    user_nid bigint primary key references users,
    password_hash text,
    admin boolean not null default false,
    guest boolean not null default false,
    created_ms bigint not null,
    deactivated_ms bigint,
    locked_ms bigint,
    suspended_ms bigint,
    erased boolean not null default false
);

-- Each value is one JSON value.
create table profiles (
    user_nid bigint not null,
    field text collate "C" not null,
    value bytea not null,
    primary key (user_nid, field)
);

create table devices (
    user_nid bigint not null,
    device_id text collate "C" not null,
    display_name text,
    created_ms bigint not null,
    last_seen_ms bigint,
    last_seen_ip text,
    primary key (user_nid, device_id)
);

-- Only a hash of a token is stored. `pending`: it came from a refresh and was not used yet; its first use ends the refresh
-- token that it was had for, and that one's access token.
create table access_tokens (
    token_hash bytea primary key,
    token_nid bigint generated always as identity,
    user_nid bigint not null,
    device_id text collate "C" not null,
    created_ms bigint not null,
    expires_ms bigint,
    refresh_hash bytea,
    pending boolean not null default false
);
create index access_tokens_by_device on access_tokens (user_nid, device_id);

-- `predecessor`: the refresh token that this one was had for, as long as that is still valid.
create table refresh_tokens (
    token_hash bytea primary key,
    user_nid bigint not null,
    device_id text collate "C" not null,
    created_ms bigint not null,
    predecessor bytea
);
create index refresh_tokens_by_device on refresh_tokens (user_nid, device_id);

create table registration_tokens (
    token text collate "C" primary key,
    uses_allowed integer,
    uses integer not null default 0,
    expires_ms bigint
);

-- A user-interactive authentication under way: bound to an operation and, when there is one, to a user and device.
-- Of a registration it remembers what was asked for, of the password only the hash that the account would have.
-- `flows`: what it offered, each the names of its stages with spaces between. `policies`: the documents that it has shown, each
-- its name and version with a space between. `origin`: who it counts for, so that nobody fills the table.
create table auth_sessions (
    session_hash bytea primary key,
    operation text collate "C" not null,
    user_nid bigint,
    device_id text collate "C",
    flows text[] not null,
    policies text[] not null,
    origin text collate "C" not null,
    completed text[] not null default '{}',
    registration_token text collate "C",
    parameters bytea,
    password_hash text,
    spent_ms bigint,
    account_nid bigint,
    account_device text collate "C",
    created_ms bigint not null
);
create index auth_sessions_by_age on auth_sessions (created_ms);
create index auth_sessions_by_origin on auth_sessions (origin, created_ms) where spent_ms is null;
create index auth_sessions_by_token on auth_sessions (registration_token)
    where registration_token is not null and spent_ms is null;

-- Nonces of the registration by shared secret that were used.
create table used_nonces (
    nonce text collate "C" primary key,
    expires_ms bigint not null
);
create index used_nonces_by_age on used_nonces (expires_ms);

-- position is one of the user's shard; room_nid 0 is the global account data. No content: it was deleted.
create table account_data (
    user_nid bigint not null,
    room_nid bigint not null default 0,
    data_type text collate "C" not null,
    content bytea,
    position bigint not null,
    primary key (user_nid, room_nid, data_type)
);
create index account_data_by_position on account_data (user_nid, position);

create table filters (
    user_nid bigint not null,
    filter_nid bigint not null,
    definition bytea not null,
    digest bytea not null,
    primary key (user_nid, filter_nid),
    unique (user_nid, digest)
);

-- The functions below lock in one order, so that none waits for another in a circle: account, devices, refresh tokens,
-- access tokens, keys, the shard of the log, what came by it (messages to devices, account data).

-- A session of nobody's that may still allow a registration, for this transaction alone; null when there is none.
create function hold_session(p_session bytea, p_oldest bigint) returns auth_sessions language sql as $$
    select * from auth_sessions s
        where s.session_hash = p_session and s.spent_ms is null and s.user_nid is null and s.created_ms >= p_oldest for update
$$;

-- Spends a session that is held, with what it stands for: a use of its registration token, and the policies that were accepted.
create function spend_session(p_session auth_sessions, p_user bigint, p_device text, p_now bigint) returns void
language plpgsql as $$
begin
    update auth_sessions set spent_ms = p_now, account_nid = p_user, account_device = p_device, password_hash = null
        where session_hash = p_session.session_hash;
    update registration_tokens set uses = uses + 1 where token = p_session.registration_token;
    -- Who was a guest may have accepted some before.
    insert into accepted_policies (user_nid, policy_id, version, accepted_ms)
        select p_user, split_part(p.policy, ' ', 1), split_part(p.policy, ' ', 2), p_now
        from unnest(p_session.policies) p (policy) where 'm.login.terms' = any (p_session.completed)
        on conflict do nothing;
end $$;

-- Makes an account, and spends the authentication that allowed it, in one.
-- `outcome`: 0 made, 1 the name is taken, 2 the authentication is not valid any more (nothing is made).
create function create_account(
    p_user bigint, p_password text, p_admin boolean, p_guest boolean, p_display_name bytea, p_session bytea,
    p_oldest_session bigint, p_device text, p_now bigint, out outcome smallint
) language plpgsql as $$
declare
    v_session auth_sessions;
begin
    if p_session is not null then
        v_session := hold_session(p_session, p_oldest_session);
        if v_session.session_hash is null then
            outcome := 2;
            return;
        end if;
    end if;
    insert into accounts (user_nid, password_hash, admin, guest, created_ms)
        values (p_user, p_password, p_admin, p_guest, p_now) on conflict do nothing;
    if not found then
        outcome := 1;
        return;
    end if;
    if p_session is not null then
        perform spend_session(v_session, p_user, p_device, p_now);
    end if;
    if p_display_name is not null then
        insert into profiles (user_nid, field, value) values (p_user, 'displayname', p_display_name);
    end if;
    outcome := 0;
end $$;

-- Ends devices of a user with everything that hangs on them; null: all but `p_except`. Rows of the log only if there was one:
-- for those who remember its tokens, and for those who know the user's devices.
create function close_devices(
    p_shard smallint, p_user bigint, p_devices text[], p_except text, p_now bigint,
    out closed text[], out new_position bigint, out previous bigint, out list_position bigint, out list_previous bigint
) language plpgsql as $$
begin
    with gone as (
        delete from devices d where d.user_nid = p_user and (p_devices is null or d.device_id = any (p_devices))
            and d.device_id is distinct from p_except returning d.device_id
    ) select coalesce(array_agg(g.device_id), '{}') into closed from gone g;
    if cardinality(closed) = 0 then
        return;
    end if;
    delete from refresh_tokens t where t.user_nid = p_user and t.device_id = any (closed);
    delete from access_tokens t where t.user_nid = p_user and t.device_id = any (closed);
    delete from pushers p where p.user_nid = p_user and p.device_id = any (closed);
    delete from auth_sessions s where s.user_nid = p_user and s.device_id = any (closed);
    delete from sliding_states s where s.user_nid = p_user and s.device_id = any (closed);
    perform forget_device_keys(p_user, closed);
    delete from dehydrated_devices d where d.user_nid = p_user and d.device_id = any (closed);
    perform forget_device_messages(p_user, closed);
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 8::smallint, null, p_user, p_now) a;
    select n.new_position, n.previous into list_position, list_previous
        from note_device_list(p_shard, p_user, p_now, closed) n;
end $$;

-- Gives a device another name. No positions when it has that name already.
create function rename_device(
    p_shard smallint, p_user bigint, p_device text, p_name text, p_now bigint,
    out is_known boolean, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    update devices d set display_name = p_name
        where d.user_nid = p_user and d.device_id = p_device and d.display_name is distinct from p_name;
    is_known := found;
    if not is_known then
        is_known := exists (select 1 from devices d where d.user_nid = p_user and d.device_id = p_device);
    else
        select n.new_position, n.previous into new_position, previous
            from note_device_list(p_shard, p_user, p_now, array[p_device]) n;
    end if;
end $$;

-- Gives a device tokens, after whoever asks has proved to be the user. A device that was there keeps everything but its
-- tokens. `p_verified`: the hash that the password was checked against, which must still be the account's.
-- `outcome`: 0 done with a new device, of which others are told, 1 done with one that was there, whose tokens ended if there is
-- a row of the log, 2 the account is not what it was, 3 too many devices.
create function open_device(
    p_shard smallint, p_user bigint, p_verified text, p_device text, p_display_name text, p_ip text, p_max_devices bigint,
    p_access bytea, p_expires bigint, p_refresh bytea, p_now bigint,
    out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_ended bigint;
begin
    perform 1 from accounts a where a.user_nid = p_user and a.deactivated_ms is null
        and (p_verified is null or a.password_hash = p_verified) for share;
    if not found then
        outcome := 2;
        return;
    end if;
    if not exists (select 1 from devices d where d.user_nid = p_user and d.device_id = p_device)
        and (select count(*) from devices d where d.user_nid = p_user) >= p_max_devices then
        outcome := 3;
        return;
    end if;
    insert into devices as d (user_nid, device_id, display_name, created_ms, last_seen_ms, last_seen_ip)
        values (p_user, p_device, p_display_name, p_now, p_now, p_ip)
        on conflict (user_nid, device_id) do update set last_seen_ms = p_now, last_seen_ip = p_ip
        returning case when d.xmax = 0 then 0 else 1 end into outcome;
    if outcome = 1 then
        delete from refresh_tokens t where t.user_nid = p_user and t.device_id = p_device;
        delete from access_tokens t where t.user_nid = p_user and t.device_id = p_device;
        get diagnostics v_ended = row_count;
        if v_ended > 0 then
            select a.new_position, a.previous into new_position, previous
                from log_append(p_shard, 8::smallint, null, p_user, p_now) a;
        end if;
    end if;
    if p_refresh is not null then
        insert into refresh_tokens (token_hash, user_nid, device_id, created_ms)
            values (p_refresh, p_user, p_device, p_now);
    end if;
    insert into access_tokens (token_hash, user_nid, device_id, created_ms, expires_ms, refresh_hash)
        values (p_access, p_user, p_device, p_now, p_expires, p_refresh);
    if outcome = 0 then
        select n.new_position, n.previous into new_position, previous
            from note_device_list(p_shard, p_user, p_now, array[p_device]) n;
    end if;
end $$;

-- Makes a device for an application service, which needs no tokens of it.
-- `outcome`: 0 made, 1 there is one of that name, 2 there is no such account, 3 too many devices.
create function create_device(
    p_shard smallint, p_user bigint, p_device text, p_display_name text, p_max_devices bigint, p_now bigint,
    out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    perform 1 from accounts a where a.user_nid = p_user and a.deactivated_ms is null for share;
    outcome := case
        when not found then 2
        when exists (select 1 from devices d where d.user_nid = p_user and d.device_id = p_device) then 1
        when (select count(*) from devices d where d.user_nid = p_user) >= p_max_devices then 3
        else 0 end;
    if outcome <> 0 then
        return;
    end if;
    insert into devices (user_nid, device_id, display_name, created_ms)
        values (p_user, p_device, p_display_name, p_now) on conflict do nothing;
    if not found then
        outcome := 1;
        return;
    end if;
    select n.new_position, n.previous into new_position, previous
        from note_device_list(p_shard, p_user, p_now, array[p_device]) n;
end $$;

-- The event that a device sent under a transaction id. An event of a device that is gone gives up its transaction id to the new
-- device of that name: which is asked when one is to be written, so that nobody has to look through what a deleted device has
-- sent. `p_margin`: clocks of workers differ by less.
create function sent_event(
    p_sender bigint, p_room bigint, p_device text, p_type text, p_transaction text, p_margin bigint
) returns text language plpgsql as $$
declare
    v_event events;
begin
    select e.* into v_event from events e
        where e.sender_nid = p_sender and e.room_nid = p_room and e.device_id = p_device and e.event_type = p_type
            and e.transaction_id = p_transaction;
    -- What application services send may say that it is from another time.
    if not exists (
        select 1 from devices d where d.user_nid = p_sender and d.device_id = p_device
            and d.created_ms - p_margin > coalesce(
                (select l.written_ms from rooms r join log l on l.shard = r.shard and l.position = v_event.position
                 where r.room_nid = p_room), v_event.origin_ms)) then
        return v_event.event_id;
    end if;
    update events e set device_id = null, transaction_id = null
        where e.room_nid = p_room and e.event_nid = v_event.event_nid;
    return null;
end $$;

-- The first use of a pair of tokens that came from a refresh: what it replaces ends. A row of the log only then.
create function confirm_refresh(
    p_refresh bytea, p_now bigint, out shard smallint, out user_nid bigint, out new_position bigint, out previous bigint
) language plpgsql as $$
#variable_conflict use_column
declare
    v_predecessor bytea;
    v_user bigint;
begin
    perform 1 from devices d join refresh_tokens r on r.user_nid = d.user_nid and r.device_id = d.device_id
        where r.token_hash = p_refresh for update of d;
    select r.predecessor, r.user_nid into v_predecessor, v_user from refresh_tokens r where r.token_hash = p_refresh;
    if v_predecessor is null then
        return;
    end if;
    update refresh_tokens r set predecessor = null where r.token_hash = p_refresh;
    delete from refresh_tokens r where r.token_hash = v_predecessor;
    update access_tokens t set pending = false where t.user_nid = v_user and t.refresh_hash = p_refresh;
    delete from access_tokens t where t.user_nid = v_user and t.refresh_hash = v_predecessor;
    user_nid := v_user;
    select u.shard into shard from users u where u.user_nid = v_user;
    select a.new_position, a.previous into new_position, previous
        from log_append(shard, 8::smallint, null, v_user, p_now) a;
end $$;

-- A new pair of tokens for a refresh token. The old one stays valid until the new pair is first used, so that a client
-- that never got the answer may ask again; a pair that it had before and did not use ends then.
-- `outcome`: 0 done, 1 there is no such token, 2 the account is locked.
create function refresh_device(
    p_refresh bytea, p_new_access bytea, p_expires bigint, p_new_refresh bytea, p_now bigint,
    out outcome smallint, out shard smallint, out user_nid bigint, out new_position bigint, out previous bigint
) language plpgsql as $$
#variable_conflict use_column
declare
    v_user bigint;
    v_device text;
    v_locked boolean;
    v_unused bytea[];
begin
    outcome := 1;
    select r.user_nid, r.device_id into v_user, v_device from refresh_tokens r where r.token_hash = p_refresh;
    if not found then
        return;
    end if;
    select a.locked_ms is not null into v_locked from accounts a
        where a.user_nid = v_user and a.deactivated_ms is null for share;
    if not found then
        return;
    end if;
    if v_locked then
        outcome := 2;
        return;
    end if;
    perform 1 from devices d where d.user_nid = v_user and d.device_id = v_device for update;
    if not exists (select 1 from refresh_tokens r where r.token_hash = p_refresh) then
        return;
    end if;
    outcome := 0;
    with unused as (
        delete from refresh_tokens r where r.user_nid = v_user and r.device_id = v_device and r.predecessor = p_refresh
        returning r.token_hash
    ) select coalesce(array_agg(u.token_hash), '{}') into v_unused from unused u;
    delete from access_tokens t where t.user_nid = v_user and t.refresh_hash = any (v_unused);
    insert into access_tokens (token_hash, user_nid, device_id, created_ms, expires_ms, refresh_hash, pending)
        values (p_new_access, v_user, v_device, p_now, p_expires, p_new_refresh, true);
    insert into refresh_tokens (token_hash, user_nid, device_id, created_ms, predecessor)
        values (p_new_refresh, v_user, v_device, p_now, p_refresh);
    select c.shard, c.user_nid, c.new_position, c.previous into shard, user_nid, new_position, previous
        from confirm_refresh(p_refresh, p_now) c;
end $$;

-- Changes the password; sessions of user-interactive authentication that the old one allowed end.
create function set_password(
    p_shard smallint, p_user bigint, p_password text, p_close_devices boolean, p_except text, p_now bigint,
    out changed boolean, out closed text[], out new_position bigint, out previous bigint, out list_position bigint,
    out list_previous bigint
) language plpgsql as $$
begin
    update accounts set password_hash = p_password where user_nid = p_user and deactivated_ms is null;
    changed := found;
    if not changed then
        return;
    end if;
    delete from auth_sessions s where s.user_nid = p_user;
    if p_close_devices then
        select * into closed, new_position, previous, list_position, list_previous
            from close_devices(p_shard, p_user, null, p_except, p_now);
    end if;
end $$;

-- Ends an account for good. `erased`: what others may see of it is to be forgotten too, as far as that goes.
create function deactivate_account(
    p_shard smallint, p_user bigint, p_erase boolean, p_now bigint,
    out changed boolean, out closed text[], out new_position bigint, out previous bigint, out list_position bigint,
    out list_previous bigint
) language plpgsql as $$
begin
    update accounts set password_hash = null, deactivated_ms = p_now, erased = p_erase
        where user_nid = p_user and deactivated_ms is null;
    changed := found;
    if not changed then
        return;
    end if;
    perform forget_key_backups(p_user);
    perform forget_dehydrated_device(p_user);
    select * into closed, new_position, previous, list_position, list_previous
        from close_devices(p_shard, p_user, null, null, p_now);
    if new_position is null then
        select a.new_position, a.previous into new_position, previous
            from log_append(p_shard, 8::smallint, null, p_user, p_now) a;
    end if;
    delete from cross_signing_keys c where c.user_nid = p_user;
    if found and list_position is null then
        select n.new_position, n.previous into list_position, list_previous
            from note_device_list(p_shard, p_user, p_now, '{}') n;
    end if;
    delete from user_signatures s where s.signer_nid = p_user;
    delete from sliding_states s where s.user_nid = p_user;
    delete from profiles f where f.user_nid = p_user;
    delete from filters f where f.user_nid = p_user;
    delete from auth_sessions s where s.user_nid = p_user;
    delete from pushers p where p.user_nid = p_user;
    -- What it would have sent later nobody sends.
    delete from delayed_events d where d.user_nid = p_user and not d.taken;
    if p_erase then
        delete from account_data d where d.user_nid = p_user;
        delete from push_rules r where r.user_nid = p_user;
    end if;
end $$;

-- What administrators change of an account; null leaves as it is.
create function moderate_account(
    p_shard smallint, p_user bigint, p_locked boolean, p_suspended boolean, p_admin boolean, p_now bigint,
    out changed boolean, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    update accounts set
        locked_ms = case when p_locked is null then locked_ms when p_locked then coalesce(locked_ms, p_now) end,
        suspended_ms = case when p_suspended is null then suspended_ms when p_suspended then coalesce(suspended_ms, p_now) end,
        admin = coalesce(p_admin, admin)
        where user_nid = p_user and deactivated_ms is null;
    changed := found;
    if changed then
        select a.new_position, a.previous into new_position, previous
            from log_append(p_shard, 8::smallint, null, p_user, p_now) a;
    end if;
end $$;

-- Begins a session, and clears a few that are too old: so the table needs nobody who sweeps it. Of one origin's sessions that are
-- under way the oldest end when there are more than there may be: whoever is at it now goes on.
create function begin_auth_session(
    p_session bytea, p_operation text, p_user bigint, p_device text, p_flows text[], p_policies text[], p_parameters bytea,
    p_password text, p_origin text, p_max_of_origin bigint, p_oldest bigint, p_now bigint
) returns void language plpgsql as $$
begin
    delete from auth_sessions where session_hash in (
        select s.session_hash from auth_sessions s where s.created_ms < p_oldest
        order by s.created_ms limit 4 for update skip locked);
    delete from auth_sessions where session_hash in (
        select s.session_hash from auth_sessions s where s.origin = p_origin and s.spent_ms is null
        order by s.created_ms desc offset p_max_of_origin - 1 for update skip locked);
    insert into auth_sessions (session_hash, operation, user_nid, device_id, flows, policies, parameters, password_hash,
                               origin, created_ms)
        values (p_session, p_operation, p_user, p_device, p_flows, p_policies, p_parameters, p_password, p_origin, p_now);
end $$;

-- Notes that a stage of a session is complete. With a registration token one of the token's uses is kept for the session;
-- `accepted` is false when none is left. Null: the session is gone or spent.
create function complete_auth_stage(
    p_session bytea, p_stage text, p_token text, p_oldest bigint, p_now bigint, out accepted boolean, out completed text[]
) language plpgsql as $$
#variable_conflict use_column
declare
    v_token registration_tokens;
    v_kept bigint;
begin
    if p_token is not null then
        select * into v_token from registration_tokens t where t.token = p_token for update;
        select count(*) into v_kept from auth_sessions s where s.registration_token = p_token and s.spent_ms is null
            and s.created_ms >= p_oldest and s.session_hash <> p_session;
        if v_token.token is null or coalesce(v_token.expires_ms <= p_now, false)
            or coalesce(v_token.uses + v_kept >= v_token.uses_allowed, false) then
            accepted := false;
            return;
        end if;
    end if;
    update auth_sessions s set completed = array_append(s.completed, p_stage),
            registration_token = coalesce(p_token, s.registration_token)
        where s.session_hash = p_session and s.spent_ms is null and s.created_ms >= p_oldest
            and not p_stage = any (s.completed)
        returning s.completed into completed;
    if not found then
        select s.completed into completed from auth_sessions s
            where s.session_hash = p_session and s.spent_ms is null and s.created_ms >= p_oldest;
    end if;
    accepted := case when completed is not null then true end;
end $$;

-- Whether the nonce was not used before; from now on it is. Clears a few that have expired.
create function use_nonce(p_nonce text, p_expires bigint, p_now bigint) returns boolean language plpgsql as $$
begin
    delete from used_nonces where nonce in (
        select n.nonce from used_nonces n where n.expires_ms < p_now order by n.expires_ms limit 4 for update skip locked);
    insert into used_nonces (nonce, expires_ms) values (p_nonce, p_expires) on conflict do nothing;
    return found;
end $$;

-- Sets account data together with its row of the log. With `p_expected` only if the data still is what was read: at that
-- position, or not there (0). `outcome`: 0 written, 1 it has changed, 2 the user has as much as there may be.
create function set_account_data(
    p_shard smallint, p_user bigint, p_room bigint, p_type text, p_content bytea, p_expected bigint, p_max_types bigint,
    p_now bigint, out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_position bigint;
begin
    perform pg_advisory_xact_lock(7001, p_shard);
    select d.position into v_position from account_data d
        where d.user_nid = p_user and d.room_nid = coalesce(p_room, 0) and d.data_type = p_type;
    if coalesce(v_position, 0) <> coalesce(p_expected, v_position, 0) then
        outcome := 1;
        return;
    end if;
    if v_position is null and (select count(*) from account_data d where d.user_nid = p_user) >= p_max_types then
        outcome := 2;
        return;
    end if;
    outcome := 0;
    if v_position is null and p_content is null then
        return;
    end if;
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 3::smallint, p_room, p_user, p_now) a;
    insert into account_data (user_nid, room_nid, data_type, content, position)
        values (p_user, coalesce(p_room, 0), p_type, p_content, new_position)
        on conflict (user_nid, room_nid, data_type) do update set content = excluded.content, position = excluded.position;
end $$;

-- The number of a filter of the user, the same for the same definition. Null: the user has as many as there may be.
create function define_filter(p_user bigint, p_definition bytea, p_digest bytea, p_max_filters bigint)
returns bigint language plpgsql as $$
declare
    v_filter bigint;
begin
    select f.filter_nid into v_filter from filters f where f.user_nid = p_user and f.digest = p_digest;
    if found then
        return v_filter;
    end if;
    perform pg_advisory_xact_lock(7004, hashint8(p_user));
    insert into filters (user_nid, filter_nid, definition, digest)
        select p_user, coalesce(max(f.filter_nid), 0) + 1, p_definition, p_digest from filters f where f.user_nid = p_user
        having count(*) < p_max_filters
        on conflict (user_nid, digest) do nothing;
    select f.filter_nid into v_filter from filters f where f.user_nid = p_user and f.digest = p_digest;
    return v_filter;
end $$;
