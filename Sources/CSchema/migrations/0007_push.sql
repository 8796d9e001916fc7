-- What users changed about the default rules. `revision` counts the changes: whoever changes rules says which they read.
create table push_rules (
    user_nid bigint primary key,
    rules bytea not null,
    revision bigint not null
);

create table pushers (
    user_nid bigint not null,
    app_id text collate "C" not null,
    pushkey text collate "C" not null,
    kind text not null,
    app_display_name text not null,
    device_display_name text not null,
    profile_tag text,
    language text not null,
    data bytea not null,
    device_id text collate "C",
    updated_ms bigint not null,
    primary key (user_nid, app_id, pushkey)
);
create index pushers_by_key on pushers (app_id, pushkey);

-- Notifications that a gateway did not take at once. What it takes at once is never written.
create table push_backlog (
    user_nid bigint not null,
    app_id text collate "C" not null,
    pushkey text collate "C" not null,
    room_nid bigint not null,
    event_nid bigint not null,
    shard smallint not null,
    created_ms bigint not null,
    primary key (user_nid, app_id, pushkey, room_nid, event_nid),
    foreign key (user_nid, app_id, pushkey) references pushers on delete cascade
);
create index push_backlog_by_shard on push_backlog (shard, created_ms);

-- Replaces a user's rules if they still are what was read: `p_expected` is that revision, 0 for none.
-- `outcome`: 0 written, 1 somebody else was first.
create function set_push_rules(
    p_shard smallint, p_user bigint, p_rules bytea, p_expected bigint, p_now bigint,
    out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
declare
    v_revision bigint;
begin
    perform pg_advisory_xact_lock(7001, p_shard);
    select r.revision into v_revision from push_rules r where r.user_nid = p_user;
    if coalesce(v_revision, 0) <> p_expected then
        outcome := 1;
        return;
    end if;
    outcome := 0;
    insert into push_rules (user_nid, rules, revision) values (p_user, p_rules, p_expected + 1)
        on conflict (user_nid) do update set rules = excluded.rules, revision = excluded.revision;
    select a.new_position, a.previous into new_position, previous
        from log_append(p_shard, 7::smallint, null, p_user, p_now) a;
end $$;

-- Sets a pusher. Unless `p_append`, the same key of the same application stops being anybody else's.
-- False: the user has as many pushers as there may be.
create function set_pusher(
    p_user bigint, p_app text, p_key text, p_kind text, p_app_name text, p_device_name text, p_tag text, p_language text,
    p_data bytea, p_device text, p_append boolean, p_max_pushers bigint, p_now bigint
) returns boolean language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7005, hashint8(p_user));
    if not exists (select 1 from pushers p where p.user_nid = p_user and p.app_id = p_app and p.pushkey = p_key)
        and (select count(*) from pushers p where p.user_nid = p_user) >= p_max_pushers then
        return false;
    end if;
    if not p_append then
        delete from pushers p where p.app_id = p_app and p.pushkey = p_key and p.user_nid <> p_user;
    end if;
    insert into pushers (user_nid, app_id, pushkey, kind, app_display_name, device_display_name, profile_tag, language,
                         data, device_id, updated_ms)
        values (p_user, p_app, p_key, p_kind, p_app_name, p_device_name, p_tag, p_language, p_data, p_device, p_now)
        on conflict (user_nid, app_id, pushkey) do update
            set kind = excluded.kind, app_display_name = excluded.app_display_name,
                device_display_name = excluded.device_display_name, profile_tag = excluded.profile_tag,
                language = excluded.language, data = excluded.data, device_id = excluded.device_id,
                updated_ms = excluded.updated_ms;
    return true;
end $$;
