/// The encoded parameters of one call: all bytes in one buffer, and where each ends.
struct ParameterBlock: Sendable {
    struct Cell: Sendable {
        let type: PostgresType
        /// -1 for NULL, as in the protocol.
        let length: Int32
    }

    /// The server takes messages of up to 1 GiB; far below that something is wrong already.
    static let maximumBytes = 256 << 20
    /// The protocol counts parameters in 16 bits.
    static let maximumCount = 65_535

    private(set) var bytes: [UInt8] = []
    private(set) var cells: [Cell] = []

    var isWithinLimits: Bool { bytes.count <= Self.maximumBytes && cells.count <= Self.maximumCount }

    mutating func append<Value: PostgresEncodable>(_ value: Value) {
        guard !value.isPostgresNull else {
            cells.append(Cell(type: Value.postgresType, length: -1))
            return
        }
        let start = bytes.count
        value.encode(into: &bytes)
        cells.append(Cell(type: Value.postgresType, length: Int32(clamping: bytes.count - start)))
    }

    /// Whether a plan made for parameters of these types serves for these parameters.
    func matches(_ types: [PostgresType]) -> Bool {
        guard types.count == cells.count else { return false }
        for index in types.indices where types[index] != cells[index].type { return false }
        return true
    }

    /// The three parallel arrays that libpq takes: values, lengths, formats (all binary).
    func withLibpqArrays<Result>(
        _ body: (
            UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
        ) -> Result
    ) -> Result {
        let count = cells.count
        return withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: count + 1) { values in
            withUnsafeTemporaryAllocation(of: Int32.self, capacity: 2 * count + 1) { integers in
                bytes.withUnsafeBytes { buffer in
                    // An empty value still needs an address: a null pointer means NULL.
                    let base = buffer.baseAddress ?? UnsafeRawPointer(integers.baseAddress!)
                    var offset = 0
                    for (index, cell) in cells.enumerated() {
                        let isNull = cell.length < 0
                        (values.baseAddress! + index).initialize(
                            to: isNull ? nil : (base + offset).assumingMemoryBound(to: CChar.self))
                        (integers.baseAddress! + index).initialize(to: max(0, cell.length))
                        (integers.baseAddress! + count + index).initialize(to: 1)
                        offset += Int(max(0, cell.length))
                    }
                    return body(values.baseAddress, integers.baseAddress, integers.baseAddress! + count)
                }
            }
        }
    }
}
