/// A write that waits for its room. Answered exactly once, whatever becomes of the batches it was part of.
final class PendingWrite {
    let request: RoomWrite
    /// What it made in the last attempt: if the connection broke then, this tells whether it was committed.
    var lastBuilt: RoomWriteResult?
    private var continuation: CheckedContinuation<RoomWriteResult, any Error>?

    init(_ request: RoomWrite, _ continuation: CheckedContinuation<RoomWriteResult, any Error>) {
        self.request = request
        self.continuation = continuation
    }

    var isAnswered: Bool { continuation == nil }

    func answer(_ result: Result<RoomWriteResult, any Error>) {
        continuation?.resume(with: result)
        continuation = nil
    }
}
