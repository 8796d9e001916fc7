-- The documents that users have accepted, in the versions that they were shown.
create table accepted_policies (
    user_nid bigint not null,
    policy_id text collate "C" not null,
    version text collate "C" not null,
    accepted_ms bigint not null,
    primary key (user_nid, policy_id, version)
);
