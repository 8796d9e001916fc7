-- What a server last published about its keys, as it signed it: a notary hands it on.
create table server_key_documents (
    server_name text collate "C" primary key,
    document bytea not null,
    valid_until_ms bigint not null,
    fetched_ms bigint not null
);
