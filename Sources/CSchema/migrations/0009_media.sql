-- `requires_token`: the file came when the deprecated paths, which ask for no access token, were frozen.
alter table media add column requires_token boolean not null default true;

-- Ids that were made before their content, which is waited for.
create index media_pending on media (uploader_nid, unused_expires_ms) where digest is null;
create index media_unused on media (unused_expires_ms) where digest is null;
-- Whether a file on disk still is anybody's.
create index media_by_digest on media (digest) where digest is not null;

-- Makes an id whose content comes later. False: the user has as many of them as there may be.
create function create_media(
    p_media text, p_uploader bigint, p_requires_token boolean, p_now bigint, p_expires bigint, p_max_pending bigint
) returns boolean language plpgsql as $$
begin
    perform pg_advisory_xact_lock(7008, hashint8(p_uploader));
    if (select count(*) from media m
        where m.uploader_nid = p_uploader and m.digest is null and m.unused_expires_ms > p_now) >= p_max_pending then
        return false;
    end if;
    insert into media (media_id, uploader_nid, requires_token, created_ms, unused_expires_ms)
        values (p_media, p_uploader, p_requires_token, p_now, p_expires);
    return true;
end $$;
