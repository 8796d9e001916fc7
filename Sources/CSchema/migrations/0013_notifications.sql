-- The live events in threads (flag 16), each with its root, which need not be here: they are read by receipts of their own. What
-- relates to an event in a thread is in the thread, too.
create table thread_events (
    room_nid bigint not null,
    position bigint not null,
    event_nid bigint not null,
    root text collate "C" not null,
    primary key (room_nid, position, event_nid)
);

-- Highlights are few, and are looked for behind everything else that differs from the default rules.
create index notification_highlights on notification_exceptions (room_nid, user_nid, position, event_nid)
    where actions & 2 <> 0;
