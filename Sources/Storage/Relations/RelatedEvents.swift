import MatrixCore

/// The events of a batch that relate to others, as the functions that store events take them: most batches have none.
struct RelatedEvents {
    /// Places in the batch, counted from one.
    private(set) var places: [Int32] = []
    private(set) var parents: [String] = []
    private(set) var types: [String] = []

    init(_ events: [NewEvent]) {
        for (index, event) in events.enumerated() {
            guard let relation = event.relation else { continue }
            places.append(Int32(clamping: index + 1))
            parents.append(relation.parent.description)
            types.append(relation.type)
        }
    }
}
