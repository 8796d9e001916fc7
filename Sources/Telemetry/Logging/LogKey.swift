/// The closed set of names under which values appear in the logs, so that whoever searches them needs to know no more.
///
/// None of them may carry a body, a token or a password.
package enum LogKey: String, Sendable, CaseIterable {
    case address
    case appService = "app_service"
    case attempt
    case bytes
    case cause
    case clientAddress = "client_address"
    case count
    case destination
    case deviceID = "device_id"
    case duty
    case epoch
    case errcode
    case eventID = "event_id"
    case eventType = "event_type"
    case failingFor = "failing_for"
    case file
    case host
    case key
    case limit
    case listener
    case mediaID = "media_id"
    case method
    case milliseconds
    case operation
    case origin
    case path
    case pool
    case position
    case retryIn = "retry_in"
    case role
    case roomID = "room_id"
    case roomVersion = "room_version"
    case requestID = "request_id"
    case shard
    case signal
    case slot
    case statement
    case status
    case step
    case transactionID = "transaction_id"
    case url
    case userID = "user_id"
    case version
    case worker
}
