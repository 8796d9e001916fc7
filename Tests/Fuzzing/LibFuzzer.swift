import Glibc

/// What libFuzzer calls with each input that it makes up. `APUS_FUZZ_TARGET` names the target.
///
/// Built by `Tests/Fuzzing/run`, as part of one module with `MatrixCore`'s fuzz targets; no part of the package.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    do {
        try Chosen.target.run(Array(UnsafeBufferPointer(start: data, count: size)))
    } catch {
        // A property that does not hold ends the run as a crash does, which keeps the input.
        complain("\(Chosen.target): \(error)")
        abort()
    }
    return 0
}

private enum Chosen {
    static let target: FuzzTarget = {
        guard let name = getenv("APUS_FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name)) else {
            complain("APUS_FUZZ_TARGET must be one of \(FuzzTarget.allCases.map(\.rawValue))")
            exit(64)
        }
        return target
    }()
}

private func complain(_ message: String) {
    let line = Array("\(message)\n".utf8)
    _ = write(STDERR_FILENO, line, line.count)
}
