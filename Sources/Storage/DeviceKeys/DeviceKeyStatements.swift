import Postgres

/// The SQL of the keys that users and their devices publish.
enum DeviceKeyStatements {
    static let all = [published, identity, upload, claim, counts, setCrossSigning, addSignatures]

    /// Everything that a user (`$4`) may see of some devices (`$1`, `$2`; no device: all of the user), of the cross-signing keys
    /// of some users (`$3`), and what they themselves said of the keys of some (`$5`).
    static let published = Statement(
        "device_keys.published",
        """
        select 0::smallint, k.user_nid, k.device_id, k.body, k.signatures::text, d.display_name, null
        from unnest($1::bigint[], $2::text[]) as i(u, device)
        join device_keys k on k.user_nid = i.u and (i.device is null or k.device_id = i.device)
        left join devices d on d.user_nid = k.user_nid and d.device_id = k.device_id
        union all
        select 1::smallint + c.usage, c.user_nid, c.public_key, c.body, c.signatures::text, null, null
        from cross_signing_keys c where c.user_nid = any ($3) and (c.usage < 2 or c.user_nid = $4)
        union all
        select 4::smallint, s.target_nid, s.target_key, null, null, s.signer_key, s.signature
        from user_signatures s where s.signer_nid = $4 and s.target_nid = any ($5)
        """, mode: .read)
    static let identity = Statement(
        "device_keys.identity", "select identity from device_keys where user_nid = $1 and device_id = $2", mode: .read)
    static let upload = Statement(
        "device_keys.upload",
        """
        select outcome, refused, algorithms, counts, kind, new_position, previous
        from upload_device_keys($1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """)
    static let claim = Statement(
        "device_keys.claim",
        """
        select wishes, key_ids, keys, changed_users, changed_shards, positions, previous
        from claim_one_time_keys($1, $2, $3, $4, $5)
        """)
    static let counts = Statement(
        "device_keys.counts",
        """
        select o.algorithm, count(*) from one_time_keys o
        where o.user_nid = $1 and o.device_id = $2 and not o.given group by o.algorithm
        union all
        select f.algorithm, null from fallback_keys f where f.user_nid = $1 and f.device_id = $2 and not f.used
        """, mode: .read)
    static let setCrossSigning = Statement(
        "device_keys.set_cross_signing",
        """
        select outcome, private, new_position, previous
        from set_cross_signing_keys($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """)
    static let addSignatures = Statement(
        "device_keys.add_signatures",
        """
        select list_position, list_previous, signed, new_position, previous
        from add_key_signatures($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """)
}
