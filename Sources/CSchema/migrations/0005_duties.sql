-- Workers that are ready to hold slots of a duty. They say so with every renewal.
create table duty_workers (
    duty text collate "C" not null,
    worker text collate "C" not null,
    expires_at timestamptz not null,
    primary key (duty, worker)
);

-- Renews what the worker holds of a duty and takes free slots up to its fair share; answers all that it holds now. A worker
-- that finds itself above its share gives slots back by itself, because it has to end their work first.
-- One worker at a time: each renews every other second, so nobody waits for long.
create function renew_leases(p_duty text, p_worker text, p_slots integer, p_ttl_ms bigint)
returns table (slot integer, epoch bigint, share integer, positions bigint[]) language plpgsql as $$
#variable_conflict use_column
declare
    expiry timestamptz;
    live integer;
    held integer;
begin
    perform pg_advisory_xact_lock(7003, hashtext(p_duty));
    expiry := clock_timestamp() + p_ttl_ms * interval '1 millisecond';
    insert into duty_workers (duty, worker, expires_at) values (p_duty, p_worker, expiry)
        on conflict (duty, worker) do update set expires_at = excluded.expires_at;
    delete from duty_workers w where w.duty = p_duty and w.expires_at < clock_timestamp() - interval '1 minute';
    select count(*) into live from duty_workers w where w.duty = p_duty and w.expires_at > clock_timestamp();
    share := (p_slots + live - 1) / live;
    -- One that ran out and that nobody took goes on under the same epoch: nobody else has written in between.
    update leases l set expires_at = expiry
        where l.duty = p_duty and l.holder = p_worker and l.expires_at > '-infinity' and l.slot < p_slots;
    get diagnostics held = row_count;
    if held < share then
        insert into leases as l (duty, slot, holder, epoch, expires_at)
            select p_duty, s, p_worker, 1, expiry from generate_series(0, p_slots - 1) as s
            where not exists (select 1 from leases o where o.duty = p_duty and o.slot = s
                              and o.expires_at > clock_timestamp())
            order by s limit share - held
            on conflict (duty, slot) do update
                set holder = excluded.holder, epoch = l.epoch + 1, expires_at = excluded.expires_at;
    end if;
    return query
        select l.slot, l.epoch, share, c.positions from leases l
        left join duty_cursors c on c.duty = l.duty and c.slot = l.slot
        where l.duty = p_duty and l.holder = p_worker and l.expires_at = expiry order by l.slot;
end $$;

-- Saves how far a slot has come, unless somebody else holds it by now. The lock on the lease makes a take-over wait, so that
-- the new holder either reads this cursor or refuses it.
create function save_duty_cursor(p_duty text, p_slot integer, p_worker text, p_epoch bigint, p_positions bigint[])
returns boolean language plpgsql as $$
begin
    perform 1 from leases l
        where l.duty = p_duty and l.slot = p_slot and l.epoch = p_epoch and l.holder = p_worker for share;
    if not found then
        return false;
    end if;
    insert into duty_cursors as c (duty, slot, epoch, positions) values (p_duty, p_slot, p_epoch, p_positions)
        on conflict (duty, slot) do update set epoch = excluded.epoch, positions = excluded.positions
        where c.epoch <= excluded.epoch;
    return found;
end $$;
