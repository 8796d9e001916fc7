import Cluster
import FederationAPI
import MatrixCore
import Storage
import Synchronization

/// The answers to the newest transactions, so that one that comes again is answered again and not worked on twice.
///
/// It only spares work: events are written once whatever is forgotten here. A transaction is known by everything that it is:
/// its sender, its id and its bytes, because there are servers that begin to count anew.
final class TransactionMemory: Sendable {
    /// Answers that are kept, each as heavy as its events.
    private static let maxWeight = 20_000
    /// Copies that wait for the answer to the first one.
    private static let maxWaiting = 4

    typealias Digest = [UInt8]

    enum Turn {
        /// To be worked on, and ended by `end`.
        case new
        case answered(Transaction.Result)
        /// Another copy of it is being worked on. Ends with `nil` when that failed.
        case underWay(Waiter<Transaction.Result?>)
        case tooMany
    }

    private let answers = GenerationalCache<Digest, Transaction.Result>(maxWeight: maxWeight) { 1 + $0.failures.count }
    private let open = Mutex<[Digest: [Waiter<Transaction.Result?>]]>([:])

    static func digest(_ origin: ServerName, _ id: String, _ body: some Sequence<UInt8>) -> Digest {
        var bytes = Array(origin.description.utf8)
        bytes.append(0)
        bytes += Array(id.utf8)
        bytes.append(0)
        bytes.append(contentsOf: body)
        return SHA256.hash(bytes)
    }

    func begin(_ digest: Digest) -> Turn {
        open.withLock { open in
            if let answer = answers[digest] { return .answered(answer) }
            guard let waiting = open[digest] else {
                open[digest] = []
                return .new
            }
            guard waiting.count < Self.maxWaiting else { return .tooMany }
            let waiter = Waiter<Transaction.Result?>()
            open[digest]?.append(waiter)
            return .underWay(waiter)
        }
    }

    /// - Parameter answer: `nil` when it failed and is to be tried again.
    func end(_ digest: Digest, _ answer: Transaction.Result?) {
        let waiting = open.withLock { open in
            if let answer { answers.keep(answer, for: digest) }
            return open.removeValue(forKey: digest) ?? []
        }
        for waiter in waiting { waiter.end(answer) }
    }
}
