/// The elements of an array, in order.
package struct JSONArrayView: Sequence, Sendable {
    private let view: JSONView

    init(_ view: JSONView) { self.view = view }

    package var count: Int { view.count }
    package var isEmpty: Bool { view.count == 0 }
    package var first: JSONView? { isEmpty ? nil : JSONView(storage: view.storage, index: view.index + 2) }
    package var underestimatedCount: Int { view.count }

    package func makeIterator() -> Iterator { Iterator(view) }

    package struct Iterator: IteratorProtocol {
        private let storage: JSONStorage
        private var index: Int
        private let end: Int

        init(_ view: JSONView) {
            storage = view.storage
            index = view.index + 2
            end = view.storage.tape[view.index].second
        }

        package mutating func next() -> JSONView? {
            guard index < end else { return nil }
            defer { index = storage.index(after: index) }
            return JSONView(storage: storage, index: index)
        }
    }
}

/// The members of an object, in the order of the source. A key comes only once (see `JSONDocument`).
package struct JSONObjectView: Sequence, Sendable {
    private let view: JSONView

    init(_ view: JSONView) { self.view = view }

    package var count: Int { view.count }
    package var isEmpty: Bool { view.count == 0 }
    package var underestimatedCount: Int { view.count }
    package subscript(key: String) -> JSONView? { view[key] }

    package func makeIterator() -> Iterator { Iterator(view) }

    package struct Iterator: IteratorProtocol {
        private var members: JSONMemberIndices

        init(_ view: JSONView) { members = JSONMemberIndices(view) }

        package mutating func next() -> (key: String, value: JSONView)? {
            guard let index = members.next() else { return nil }
            let storage = members.storage
            return (storage.string(at: index), JSONView(storage: storage, index: index + 1))
        }
    }
}

/// Where the keys of an object are on the tape; their values follow them.
struct JSONMemberIndices: Sequence, IteratorProtocol {
    let storage: JSONStorage
    private var index: Int
    private let end: Int

    init(_ object: JSONView) {
        storage = object.storage
        index = object.index + 2
        end = object.isObject ? object.storage.tape[object.index].second : 0
    }

    mutating func next() -> Int? {
        while index < end {
            let key = index
            index = storage.index(after: key + 1)
            if !storage.tape[key].isShadowed { return key }
        }
        return nil
    }
}
