-- Events that are to be sent later (MSC4140). Once `finalised_ms` is there, they are done with: sent when there is an
-- `event_id`, failed when there is an `error`, cancelled otherwise.
-- They are due at `scheduled_ms + delay_ms`. A restart moves `scheduled_ms` only, which no index has, so that the heartbeat of
-- a call costs no more than its row; `wake_ms`, when the row is looked at again, is at most when it is due.
-- `taken`: it is being sent, and can be neither cancelled nor restarted.
create table delayed_events (
    delay_id text collate "C" primary key,
    slot smallint not null,
    user_nid bigint not null,
    room_id text collate "C" not null,
    event_type text collate "C" not null,
    state_key text collate "C",
    content bytea not null,
    sticky_ms bigint,
    device_id text collate "C",
    transaction_id text collate "C",
    delay_ms bigint not null,
    scheduled_ms bigint not null,
    wake_ms bigint not null,
    taken boolean not null default false,
    finalised_ms bigint,
    event_id text collate "C",
    error bytea
) with (fillfactor = 70);
create index delayed_events_waking on delayed_events (slot, wake_ms) where finalised_ms is null;
create index delayed_events_finalised on delayed_events (slot, finalised_ms) where finalised_ms is not null;
create index delayed_events_of_user on delayed_events (user_nid, finalised_ms);
create unique index delayed_events_by_transaction
    on delayed_events (user_nid, device_id, room_id, event_type, transaction_id) where transaction_id is not null;

-- Keeps an event for later. `kept_id` is that of an earlier request with the same transaction id, if there was one. None: the
-- user has `p_limit` events waiting, of which the next is due at `next_ms`.
create function schedule_delayed_event(
    p_delay_id text, p_slot smallint, p_user bigint, p_room text, p_type text, p_state_key text, p_content bytea,
    p_sticky bigint, p_device text, p_transaction text, p_delay bigint, p_now bigint, p_limit bigint, p_kept bigint,
    out kept_id text, out next_ms bigint
) language plpgsql as $$
begin
    -- One request of a user after the other, so that the limit holds.
    perform pg_advisory_xact_lock(7017, (p_user % 2147483647)::integer);
    if p_transaction is not null then
        select d.delay_id into kept_id from delayed_events d
            where d.user_nid = p_user and d.device_id = p_device and d.room_id = p_room and d.event_type = p_type
              and d.transaction_id = p_transaction;
        if found then
            return;
        end if;
    end if;
    if (select count(*) from delayed_events d where d.user_nid = p_user and d.finalised_ms is null) >= p_limit then
        select min(d.scheduled_ms + d.delay_ms) into next_ms from delayed_events d
            where d.user_nid = p_user and d.finalised_ms is null;
        return;
    end if;
    delete from delayed_events d where d.delay_id in (
        select o.delay_id from delayed_events o where o.user_nid = p_user and o.finalised_ms is not null
        order by o.finalised_ms desc, o.delay_id offset p_kept);
    insert into delayed_events (delay_id, slot, user_nid, room_id, event_type, state_key, content, sticky_ms, device_id,
                                transaction_id, delay_ms, scheduled_ms, wake_ms)
        values (p_delay_id, p_slot, p_user, p_room, p_type, p_state_key, p_content, p_sticky, p_device, p_transaction,
                p_delay, p_now, p_now + p_delay);
    kept_id := p_delay_id;
end $$;

-- Takes what is due, of rooms that are not busy: nobody can cancel it any more. What was restarted meanwhile waits on. What was
-- taken before and not finalised is answered again: whoever took it is gone.
create function take_delayed_events(p_slots smallint[], p_busy text[], p_now bigint, p_limit bigint)
returns setof delayed_events language plpgsql as $$
begin
    update delayed_events d set wake_ms = d.scheduled_ms + d.delay_ms
        where d.slot = any (p_slots) and d.finalised_ms is null and d.wake_ms <= p_now
          and d.scheduled_ms + d.delay_ms > p_now;
    return query
        update delayed_events d set taken = true
        where d.delay_id in (
                select o.delay_id from delayed_events o
                where o.slot = any (p_slots) and o.finalised_ms is null and o.wake_ms <= p_now
                  and o.scheduled_ms + o.delay_ms <= p_now and o.room_id <> all (p_busy)
                order by o.scheduled_ms + o.delay_ms, o.delay_id limit p_limit for update)
          and d.finalised_ms is null and d.scheduled_ms + d.delay_ms <= p_now
        returning d.*;
end $$;

-- Does something with an event that waits. action: 1 cancel, 2 restart, 3 take it to be sent now.
-- `outcome`: 0 there is no such event of the user, 1 done, 2 it was sent, or is being sent, 3 it was cancelled or has failed.
create function change_delayed_event(p_delay_id text, p_user bigint, p_action smallint, p_now bigint)
returns smallint language plpgsql as $$
declare
    found_event delayed_events;
begin
    select * into found_event from delayed_events d
        where d.delay_id = p_delay_id and (p_user is null or d.user_nid = p_user) for update;
    if not found then
        return 0;
    end if;
    if found_event.finalised_ms is not null then
        return case when found_event.event_id is null then 3 else 2 end;
    end if;
    if p_action = 3 then
        update delayed_events set taken = true where delay_id = p_delay_id and not taken;
    elsif found_event.taken then
        return 2;
    elsif p_action = 1 then
        update delayed_events set finalised_ms = p_now where delay_id = p_delay_id;
    else
        update delayed_events set scheduled_ms = p_now where delay_id = p_delay_id;
    end if;
    return 1;
end $$;

-- Events that stay with a room's members for a while (MSC4354), for as long as that may be: at most an hour. `position` is that
-- of the event in the timeline; 0 while it is soft-failed, when it may still come to be shown.
create table sticky_events (
    room_nid bigint not null,
    event_nid bigint not null,
    sender_nid bigint not null,
    position bigint not null,
    -- When we got it. It is sticky from then or from when it says that it was sent, whichever is earlier.
    received_ms bigint not null,
    -- When at the latest it is sticky no more.
    ends_ms bigint not null,
    primary key (room_nid, event_nid)
);
create index sticky_events_by_position on sticky_events (room_nid, position);
create index sticky_events_ending on sticky_events (ends_ms);

create function note_sticky_event() returns trigger language plpgsql as $$
declare
    now_ms bigint;
begin
    select l.written_ms into now_ms from log l join rooms r on r.shard = l.shard
        where r.room_nid = new.room_nid and l.position = new.position;
    -- What is soft-failed has no row of the log.
    now_ms := coalesce(now_ms, (extract(epoch from clock_timestamp()) * 1000)::bigint);
    insert into sticky_events as s (room_nid, event_nid, sender_nid, position, received_ms, ends_ms)
        values (new.room_nid, new.event_nid, new.sender_nid, new.position, now_ms,
                least(now_ms, new.origin_ms) + 3600000)
        on conflict (room_nid, event_nid) do update set position = excluded.position;
    return null;
end $$;
-- Flag 64: sticky. Neither rejected nor of unknown place, and of the present: shown in the timeline or soft-failed.
-- For any other event this costs the comparison.
create trigger events_sticky after insert or update of position, flags on events for each row
    when (new.flags & 64 <> 0 and new.flags & 5 = 0 and (new.position > 0 or new.flags & 2 <> 0))
    execute function note_sticky_event();
