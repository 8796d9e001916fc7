extension FixedWidthInteger {
    /// Network byte order, as everything on the wire.
    func appendBigEndian(to buffer: inout [UInt8]) {
        withUnsafeBytes(of: bigEndian) { buffer.append(contentsOf: $0) }
    }

    /// The `offset` must leave room for the integer in `bytes`.
    init(bigEndian bytes: RawSpan, at offset: Int = 0) {
        self.init(bigEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Self.self) })
    }
}

/// Any integer column that fits: a `bigint` field may be read from an `integer` expression.
private func integer(_ bytes: RawSpan, _ type: PostgresType) throws(PostgresDecodingError) -> Int64 {
    switch (type, bytes.byteCount) {
    case (.int8, 8): return Int64(bigEndian: bytes)
    case (.int4, 4): return Int64(Int32(bigEndian: bytes))
    case (.int2, 2): return Int64(Int16(bigEndian: bytes))
    case (.int8, let count), (.int4, let count), (.int2, let count): throw .wrongLength(count)
    default: throw .wrongType(type)
    }
}

extension Int64: PostgresCodable, PostgresArrayElement {
    package static var postgresType: PostgresType { .int8 }
    package static var postgresArrayType: PostgresType { .int8Array }
    package func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }

    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        self = try integer(bytes, type)
    }
}

extension Int32: PostgresCodable, PostgresArrayElement {
    package static var postgresType: PostgresType { .int4 }
    package static var postgresArrayType: PostgresType { .int4Array }
    package func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }

    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        guard type != .int8, let value = Int32(exactly: try integer(bytes, type)) else { throw .wrongType(type) }
        self = value
    }
}

extension Int16: PostgresCodable, PostgresArrayElement {
    package static var postgresType: PostgresType { .int2 }
    package static var postgresArrayType: PostgresType { .int2Array }
    package func encode(into buffer: inout [UInt8]) { appendBigEndian(to: &buffer) }

    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        guard type == .int2, let value = Int16(exactly: try integer(bytes, type)) else { throw .wrongType(type) }
        self = value
    }
}

extension Bool: PostgresCodable, PostgresArrayElement {
    package static var postgresType: PostgresType { .bool }
    package static var postgresArrayType: PostgresType { .boolArray }
    package func encode(into buffer: inout [UInt8]) { buffer.append(self ? 1 : 0) }

    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        guard type == .bool else { throw .wrongType(type) }
        guard bytes.byteCount == 1 else { throw .wrongLength(bytes.byteCount) }
        self = bytes.withUnsafeBytes { $0[0] != 0 }
    }
}

extension Double: PostgresCodable, PostgresArrayElement {
    package static var postgresType: PostgresType { .float8 }
    package static var postgresArrayType: PostgresType { .float8Array }
    package func encode(into buffer: inout [UInt8]) { bitPattern.appendBigEndian(to: &buffer) }

    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        switch (type, bytes.byteCount) {
        case (.float8, 8): self.init(bitPattern: UInt64(bigEndian: bytes))
        case (.float4, 4): self.init(Float(bitPattern: UInt32(bigEndian: bytes)))
        case (.float8, let count), (.float4, let count): throw .wrongLength(count)
        default: throw .wrongType(type)
        }
    }
}

/// The server refuses a string that holds U+0000 (SQLSTATE 22021): what comes from outside is checked before.
extension String: PostgresCodable, PostgresArrayElement {
    package static var postgresType: PostgresType { .text }
    package static var postgresArrayType: PostgresType { .textArray }
    package func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: utf8) }

    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        guard type.isTextual else { throw .wrongType(type) }
        self = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

extension ArraySlice: PostgresEncodable where Element == UInt8 {
    package static var postgresType: PostgresType { .bytea }
    package func encode(into buffer: inout [UInt8]) { buffer.append(contentsOf: self) }
}

extension ArraySlice: PostgresDecodable where Element == UInt8 {
    package init(fromPostgres bytes: RawSpan, type: PostgresType) throws(PostgresDecodingError) {
        self = try [UInt8](fromPostgres: bytes, type: type)[...]
    }
}

extension ArraySlice: PostgresSequenceElement, PostgresArrayElement where Element == UInt8 {
    package static var postgresArrayType: PostgresType { .byteaArray }
}
