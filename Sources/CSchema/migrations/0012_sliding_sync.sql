-- What a connection of sliding sync has been told, as one value of which only the worker knows the form. A row is never
-- changed: positions that clients hold name it, and say what came after it themselves.
create table sliding_states (
    user_nid bigint not null,
    device_id text collate "C" not null,
    conn_id text collate "C" not null,
    number bigint not null,
    state bytea not null,
    written_ms bigint not null,
    primary key (user_nid, device_id, conn_id, number)
);
alter table sliding_states alter column state set storage external;
create index sliding_states_by_age on sliding_states (written_ms);
create sequence sliding_state_numbers;

-- Keeps what a connection has been told and gives it a number. `p_base` is the state that the client has confirmed by coming
-- back with it; 0 for none. Older ones go, and of those that lost answers left behind all but the newest.
create function keep_sliding_state(
    p_user bigint, p_device text, p_conn text, p_base bigint, p_state bytea, p_now bigint, p_oldest_ms bigint,
    p_max_connections bigint, p_max_states bigint, p_max_removed bigint
) returns bigint language plpgsql as $$
declare
    v_number bigint := nextval('sliding_state_numbers');
begin
    if not exists (select 1 from sliding_states s where s.user_nid = p_user and s.device_id = p_device and s.conn_id = p_conn) then
        -- A new connection is the time to let go of the device's longest unused one, and of some of anybody's that are expired.
        delete from sliding_states s where s.user_nid = p_user and s.device_id = p_device and s.conn_id in (
            select c.conn_id from sliding_states c where c.user_nid = p_user and c.device_id = p_device
            group by c.conn_id order by max(c.number) desc offset p_max_connections - 1);
        delete from sliding_states s where s.ctid = any (array(
            select o.ctid from sliding_states o where o.written_ms < p_oldest_ms
            order by o.written_ms limit p_max_removed for update skip locked));
    end if;
    insert into sliding_states (user_nid, device_id, conn_id, number, state, written_ms)
        values (p_user, p_device, p_conn, v_number, p_state, p_now);
    delete from sliding_states s where s.user_nid = p_user and s.device_id = p_device and s.conn_id = p_conn
        and (s.number < p_base or s.number <> p_base and s.number not in (
            select k.number from sliding_states k where k.user_nid = p_user and k.device_id = p_device and k.conn_id = p_conn
            order by k.number desc limit p_max_states));
    return v_number;
end $$;

-- Whether a user follows a thread. `automatic` is null for one who does not any more: then the other two say how far the room
-- was at that time, so that nothing which had happened by then subscribes the user again.
create table thread_subscriptions (
    user_nid bigint not null,
    room_nid bigint not null,
    root_id text collate "C" not null,
    automatic boolean,
    ended_position bigint,
    ended_depth bigint,
    position bigint not null,
    primary key (user_nid, room_nid, root_id)
);
create unique index thread_subscriptions_by_position on thread_subscriptions (user_nid, position);

-- Subscribes a user to a thread, together with the row of the log. An automatic one names the place of the event that
-- caused it. `outcome`: 0 written, 1 nothing to change, 2 the user has unsubscribed since, 3 as many as there may be.
create function subscribe_to_thread(
    p_shard smallint, p_user bigint, p_room bigint, p_root text, p_automatic boolean, p_cause_position bigint,
    p_cause_depth bigint, p_max bigint, p_now bigint, out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_old thread_subscriptions;
begin
    perform pg_advisory_xact_lock(7001, p_shard);
    select * into v_old from thread_subscriptions t where t.user_nid = p_user and t.room_nid = p_room and t.root_id = p_root;
    if not found then
        if (select count(*) from thread_subscriptions t where t.user_nid = p_user) >= p_max then
            outcome := 3;
            return;
        end if;
    elsif v_old.automatic is not null then
        -- What the user did counts for more than what a client did by itself.
        if p_automatic or not v_old.automatic then
            outcome := 1;
            return;
        end if;
    elsif p_automatic and (case when p_cause_position > 0 then p_cause_position <= v_old.ended_position
                                else p_cause_depth <= v_old.ended_depth end) then
        outcome := 2;
        return;
    end if;
    outcome := 0;
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 10::smallint, p_room, p_user, p_now) a;
    insert into thread_subscriptions (user_nid, room_nid, root_id, automatic, position)
        values (p_user, p_room, p_root, p_automatic, new_position)
        on conflict (user_nid, room_nid, root_id) do update
            set automatic = excluded.automatic, ended_position = null, ended_depth = null, position = excluded.position;
end $$;

-- Ends a subscription, as far as the room was at that time. No position when there was none.
create function unsubscribe_from_thread(
    p_shard smallint, p_user bigint, p_room bigint, p_root text, p_room_position bigint, p_room_depth bigint, p_now bigint,
    out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7001, p_shard);
    if exists (select 1 from thread_subscriptions t where t.user_nid = p_user and t.room_nid = p_room and t.root_id = p_root
               and t.automatic is not null) then
        select a.new_position, a.previous into new_position, previous
            from log_append(p_shard, 10::smallint, p_room, p_user, p_now) a;
        update thread_subscriptions t
            set automatic = null, ended_position = p_room_position, ended_depth = p_room_depth, position = new_position
            where t.user_nid = p_user and t.room_nid = p_room and t.root_id = p_root;
    end if;
end $$;
