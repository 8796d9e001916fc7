import MatrixCore
import Storage

struct StateMerge {
    let batch: WorkingBatch

    func changes(merging trees: [StateTree]) async throws -> [StateChange] { throw StorageError.missing("resolution") }
}
