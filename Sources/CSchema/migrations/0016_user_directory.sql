-- Names and pictures that the member events of their users' rooms do not all show yet. Rooms up to `room_nid` do; `change` is the
-- position of the log that the change has, in the user's shard.
create table pending_profiles (
    user_nid bigint primary key,
    shard smallint not null,
    change bigint not null,
    room_nid bigint not null default 0
);
create index pending_profiles_by_shard on pending_profiles (shard, user_nid);

-- Sets a field of a profile, or removes it (no value), unless the profile as a whole became too large: counted as the JSON
-- object that it is. `p_shown`: the field is shown in rooms, so its change is a row of the log.
-- `outcome`: 0 done, 1 it was so before, 2 too large.
create function change_profile_field(
    p_shard smallint, p_user bigint, p_field text, p_value bytea, p_max_bytes bigint, p_shown boolean, p_now bigint,
    out outcome smallint, out new_position bigint, out previous bigint
) language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7003, hashint8(p_user));
    outcome := 1;
    if p_value is null then
        delete from profiles f where f.user_nid = p_user and f.field = p_field;
        if not found then
            return;
        end if;
    else
        if exists (select 1 from profiles f where f.user_nid = p_user and f.field = p_field and f.value = p_value) then
            return;
        end if;
        if (select coalesce(sum(octet_length(f.field) + octet_length(f.value) + 4), 0) from profiles f
                where f.user_nid = p_user and f.field <> p_field)
            + octet_length(p_field) + octet_length(p_value) + 5 > p_max_bytes then
            outcome := 2;
            return;
        end if;
        insert into profiles (user_nid, field, value) values (p_user, p_field, p_value)
            on conflict (user_nid, field) do update set value = excluded.value;
    end if;
    outcome := 0;
    if p_shown then
        select a.new_position, a.previous into new_position, previous
            from log_append(p_shard, 11::smallint, null, p_user, p_now) a;
        insert into pending_profiles (user_nid, shard, change) values (p_user, p_shard, new_position)
            on conflict (user_nid) do update set change = excluded.change, room_nid = 0;
    end if;
end $$;

-- Rooms that anybody may join or read: whoever is in one may be found by everybody.
create table open_rooms (
    room_nid bigint primary key
);

-- Users as they are found by others. Who is in no room is not in it.
-- name_room_nid: the room whose member event tells name and picture of a user of another server, which only those may know who
-- may know the room; null: it is a local user's own profile. id_terms: the words of the user id alone.
create table directory_users (
    user_nid bigint primary key,
    user_id text collate "C" not null,
    display_name text,
    avatar_url text,
    name_room_nid bigint,
    terms tsvector not null,
    id_terms tsvector not null
);
create index directory_users_by_terms on directory_users using gin (terms);

-- Writes users as they are now found; those in `p_gone` are found no more.
create function set_directory_users(
    p_users bigint[], p_ids text[], p_names text[], p_avatars text[], p_rooms bigint[], p_terms text[], p_id_terms text[],
    p_gone bigint[]
) returns void language plpgsql as $$
begin
    insert into directory_users as d (user_nid, user_id, display_name, avatar_url, name_room_nid, terms, id_terms)
        -- Words are separated by spaces, and none is empty.
        select u, i, n, a, r, array_to_tsvector(string_to_array(t, ' ')), array_to_tsvector(string_to_array(w, ' '))
        from unnest(p_users, p_ids, p_names, p_avatars, p_rooms, p_terms, p_id_terms) as x(u, i, n, a, r, t, w)
        order by u
        on conflict (user_nid) do update
            set display_name = excluded.display_name, avatar_url = excluded.avatar_url,
                name_room_nid = excluded.name_room_nid, terms = excluded.terms, id_terms = excluded.id_terms
            where (d.display_name, d.avatar_url, d.name_room_nid, d.terms)
                is distinct from (excluded.display_name, excluded.avatar_url, excluded.name_room_nid, excluded.terms);
    delete from directory_users where user_nid = any (p_gone);
end $$;
