-- Redactions that came before the event that they redact, by senders without the power to redact whatever comes: they take effect
-- if the event turns out to be of the same server. By their ids, since it is written before the redaction has a number that stays.
create table waiting_redactions (
    room_nid bigint not null,
    event_id text collate "C" not null,
    server_name text collate "C" not null,
    redaction_id text collate "C" not null,
    primary key (room_nid, event_id, server_name, redaction_id)
);

-- Ends a membership that the room's own log does not tell, if it is still the one that was written at a position of the user's
-- shard: the user may have come into the room since. No position when it is not.
create function end_membership_out_of_band(
    p_shard smallint, p_room bigint, p_user bigint, p_expected bigint, p_membership smallint, p_kept bytea, p_now bigint,
    out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7001, p_shard);
    perform 1 from memberships m
        where m.room_nid = p_room and m.user_nid = p_user and m.shard = p_shard and m.position = p_expected
            and m.event_nid = 0 and m.membership in (2, 3, 5)
        for update;
    if not found then
        return;
    end if;
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 6::smallint, p_room, p_user, p_now) a;
    update memberships set membership = p_membership, position = new_position, forgotten = false, stripped_state = p_kept
        where room_nid = p_room and user_nid = p_user;
end $$;

-- Makes a guest a user with a password, and spends the session that allows it: both or neither. Those who remember the guest's
-- tokens are told.
-- `outcome`: 0 done, 1 there is no such guest, 2 the session is over.
create function upgrade_guest(
    p_shard smallint, p_user bigint, p_password text, p_session bytea, p_oldest_session bigint, p_device text, p_now bigint,
    out outcome smallint, out new_position bigint, out previous bigint
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
    update accounts set guest = false, password_hash = p_password
        where user_nid = p_user and guest and deactivated_ms is null;
    if not found then
        outcome := 1;
        return;
    end if;
    if p_session is not null then
        perform spend_session(v_session, p_user, p_device, p_now);
    end if;
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 8::smallint, null, p_user, p_now) a;
    outcome := 0;
end $$;
