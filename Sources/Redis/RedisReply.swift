internal import CHiredis

/// An answer of Redis.
package enum RedisReply: Sendable, Hashable {
    case status(String)
    case integer(Int64)
    case bytes([UInt8])
    case array([RedisReply])
    case null
    /// Within an array; at the top it is thrown as `RedisError.server`.
    case error(String)

    package var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    package var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
    package var array: [RedisReply]? { if case .array(let value) = self { value } else { nil } }

    init(_ reply: UnsafePointer<redisReply>) {
        let value = reply.pointee
        switch value.type {
        case REDIS_REPLY_STATUS: self = .status(String(decoding: reply.text, as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: reply.text, as: UTF8.self))
        case REDIS_REPLY_INTEGER: self = .integer(value.integer)
        case REDIS_REPLY_STRING: self = .bytes([UInt8](reply.text))
        case REDIS_REPLY_ARRAY:
            // The depth is bounded by the reader.
            self = .array((0..<value.elements).map { RedisReply(UnsafePointer(value.element[$0]!)) })
        default: self = .null
        }
    }
}

extension UnsafePointer<redisReply> {
    /// The bytes of a status, an error or a string.
    var text: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointee.str, count: Int(pointee.len)) }

    /// An element of an array; nil when there is none at that place.
    func element(_ index: Int) -> UnsafePointer<redisReply>? {
        guard pointee.type == REDIS_REPLY_ARRAY, index < pointee.elements else { return nil }
        return UnsafePointer(pointee.element[index])
    }
}
