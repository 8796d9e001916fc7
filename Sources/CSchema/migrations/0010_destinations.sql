-- Whom a server lost in a room: a server that was out of reach still has to be told that its user was put out.
create index memberships_left_server on memberships (server_nid, room_nid) where membership in (4, 5);
