/// A write that waits for its room. Answered exactly once, whatever becomes of the batches it was part of.
final class PendingWrite {
    typealias Answer = Result<RoomWriteResult, any Error>

    let request: RoomWrite
    /// What it made in the last attempt: if the connection broke then, this tells whether it was committed.
    var lastBuilt: RoomWriteResult?
    private var reply: ((Answer) -> Void)?

    init(_ request: RoomWrite, reply: @escaping (Answer) -> Void) {
        self.request = request
        self.reply = reply
    }

    var isAnswered: Bool { reply == nil }

    func answer(_ result: Answer) {
        let reply = self.reply
        self.reply = nil
        reply?(result)
    }
}

/// The answers to writes that one caller waits for together.
final class JointAnswers {
    private var answers: [PendingWrite.Answer?]
    private var open: Int
    private let continuation: CheckedContinuation<[PendingWrite.Answer], Never>

    init(count: Int, _ continuation: CheckedContinuation<[PendingWrite.Answer], Never>) {
        answers = Array(repeating: nil, count: count)
        open = count
        self.continuation = continuation
    }

    /// Each place once.
    func set(_ answer: PendingWrite.Answer, at index: Int) {
        answers[index] = answer
        open -= 1
        if open == 0 { continuation.resume(returning: answers.compactMap(\.self)) }
    }
}
