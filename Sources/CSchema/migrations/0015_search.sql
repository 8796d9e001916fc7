-- How messages are taken apart: words of the Latin alphabet by their English stem, others as they are. Nothing is left out, so
-- that whatever was said is found in every language.
create text search dictionary apus_stem (template = snowball, language = english);
create text search configuration apus (copy = simple);
alter text search configuration apus alter mapping for asciiword, asciihword, hword_asciipart with apus_stem;

-- What is searched of events: 1 the body of a message, 2 a room's name, 3 a room's topic. `words` also has the room, as
-- '~' and its number, which no text is taken apart to: so a search in some rooms looks at the words of these alone.
create table search_entries (
    room_nid bigint not null,
    event_nid bigint not null,
    key smallint not null,
    sender_nid bigint not null,
    origin_ms bigint not null,
    words tsvector not null,
    primary key (room_nid, event_nid)
);
create index search_entries_by_words on search_entries using gin (words);

-- Events that were redacted before they are written here are left out.
create function add_search_entries(
    p_rooms bigint[], p_events bigint[], p_keys smallint[], p_senders bigint[], p_origins bigint[], p_texts text[]
) returns void language sql as $$
    insert into search_entries (room_nid, event_nid, key, sender_nid, origin_ms, words)
        select r, e, k, s, o, to_tsvector('apus', t) || array_to_tsvector(array['~' || r])
        from unnest(p_rooms, p_events, p_keys, p_senders, p_origins, p_texts) as x(r, e, k, s, o, t)
        on conflict do nothing;
$$;
