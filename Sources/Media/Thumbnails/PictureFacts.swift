import CVips
import MatrixCore

/// What the head of a picture says of it, before anything is decoded.
struct PictureFacts: Sendable, Equatable {
    /// As many as the larger cameras of telephones have; all frames together when they are asked for.
    static let maxPoints = 50_000_000
    /// What a picture may take in memory: some formats are only decoded whole.
    static let maxDecodedBytes = 200_000_000

    let width: Int
    let height: Int
    let frames: Int
    let bytesPerPoint: Int

    init(width: Int, height: Int, frames: Int, bytesPerPoint: Int) {
        self.width = width
        self.height = height
        self.frames = frames
        self.bytesPerPoint = bytesPerPoint
    }

    init(_ facts: cvips_facts) {
        self.init(
            width: Int(facts.width), height: Int(facts.height), frames: Int(facts.pages),
            bytesPerPoint: Int(facts.bytes_per_pixel))
    }

    /// Whether so many frames of it may be decoded. A small file can be an enormous picture.
    func mayBeDecoded(frames: Int) -> Bool {
        guard width > 0, height > 0, frames > 0, bytesPerPoint > 0 else { return false }
        let (area, areaOverflows) = width.multipliedReportingOverflow(by: height)
        let (points, overflows) = area.multipliedReportingOverflow(by: frames)
        guard !areaOverflows, !overflows, points <= Self.maxPoints else { return false }
        return points <= Self.maxDecodedBytes / bytesPerPoint
    }

    func fits(into box: ThumbnailSize.Box) -> Bool { width <= box.width && height <= box.height }
}
