-- What names a room, moved to the room that replaces it: its local aliases, and its place on the public list.
create function move_room_names(p_old bigint, p_new bigint) returns void language plpgsql as $$
begin
    update room_aliases set room_nid = p_new where room_nid = p_old;
    delete from published_rooms where room_nid = p_old;
    if found then
        insert into published_rooms (room_nid) values (p_new) on conflict do nothing;
    end if;
end $$;

-- Rooms that application services show on the lists of their networks.
create table network_rooms (
    network_id text collate "C" not null,
    room_nid bigint not null,
    service_id text collate "C" not null,
    primary key (network_id, room_nid)
);

-- What users have reported, for operators to read. kind 1: an event, 2: a room, 3: a user.
-- Names are kept as text, so that a report can be read when what it is about is gone.
create table reports (
    report_id bigint generated always as identity primary key,
    kind smallint not null check (kind between 1 and 3),
    reporter_nid bigint not null,
    room_id text collate "C",
    event_id text collate "C",
    -- The sender of the event, or the user who is reported.
    user_id text collate "C",
    reason text,
    score bigint,
    received_ms bigint not null
);
create index reports_by_reporter on reports (reporter_nid, received_ms);
create index reports_by_kind on reports (kind, report_id);

-- Writes a report unless the reporter has written too many since a time; without an id then. Two at one moment may both be
-- the last one: the bound is there to keep the table small, not exact.
create function add_report(
    p_kind smallint, p_reporter bigint, p_room text, p_event text, p_user text, p_reason text, p_score bigint,
    p_now bigint, p_since bigint, p_most bigint, out new_id bigint
) language plpgsql as $$
begin
    if (select count(*) from reports r where r.reporter_nid = p_reporter and r.received_ms > p_since) < p_most then
        insert into reports (kind, reporter_nid, room_id, event_id, user_id, reason, score, received_ms)
            values (p_kind, p_reporter, p_room, p_event, p_user, p_reason, p_score, p_now) returning report_id into new_id;
    end if;
end $$;

-- Where walks through spaces go on. A token may be used again while it lasts; each is its user's own.
create table hierarchy_pages (
    token text collate "C" primary key,
    user_nid bigint not null,
    room_id text collate "C" not null,
    suggested_only boolean not null,
    max_depth integer,
    position bytea not null,
    expires_ms bigint not null
);
create index hierarchy_pages_by_user on hierarchy_pages (user_nid, expires_ms);
create index hierarchy_pages_by_time on hierarchy_pages (expires_ms);

-- Keeps a page, and lets go of what has expired and of a user's oldest ones, a few at a time.
create function keep_hierarchy_page(
    p_token text, p_user bigint, p_room text, p_suggested boolean, p_depth integer, p_position bytea, p_now bigint,
    p_expires bigint, p_most bigint
) returns void language plpgsql as $$
begin
    delete from hierarchy_pages where token in (
        select token from hierarchy_pages where expires_ms < p_now order by expires_ms limit 100
        for update skip locked);
    delete from hierarchy_pages where token in (
        select token from hierarchy_pages where user_nid = p_user order by expires_ms desc offset p_most - 1 limit 100
        for update skip locked);
    insert into hierarchy_pages (token, user_nid, room_id, suggested_only, max_depth, position, expires_ms)
        values (p_token, p_user, p_room, p_suggested, p_depth, p_position, p_expires);
end $$;
